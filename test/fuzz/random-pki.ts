import { Oid } from '@touchmark/der';
import {
  fixedKey,
  seededRandom,
  TEST_NOW,
  TestCa,
  type TestCertificateOptions,
  type TestKey,
} from '@touchmark/testkit';
import { type Certificate, encodeExtension, encodeNameConstraints } from '@touchmark/x509';

/** What a model needs to know of a certificate, beside its octets. */
export interface Node {
  readonly certificate: Certificate;
  readonly issuerName: number;
  readonly subjectName: number;
  readonly key: number;
  /** The key that signed it, whatever its issuer's name says. */
  readonly signedBy: number;
  readonly inDate: boolean;
  readonly isCa: boolean;
  readonly pathLenConstraint: number | undefined;
  /** The end entity may be named below this alone. */
  readonly permitted: string | undefined;
  readonly revoked: boolean;
}

export interface RandomPki {
  readonly leaf: Node & { readonly name: string };
  readonly cas: readonly Node[];
  /** Some of them self-issued, some cross-certified, perhaps without a path to any. */
  readonly anchors: readonly Node[];
}

const DAY = 86_400;
const DOMAINS = ['a.test', 'b.test'] as const;
// Signing with a name that is not one's own needs a CA with that name: all there are.
const NAMES = 4;
const KEYS = 5;
const keys = Array.from({ length: KEYS }, (_, n) => fixedKey(n + 1));
const leafKey = fixedKey(40);
const signers = Array.from({ length: NAMES }, (_, name) => keys.map((key) => signerOf(name, key)));

function signerOf(name: number, key: TestKey): TestCa {
  return TestCa.root({ subject: nameOf(name), key, serialNumber: Uint8Array.of(0x54, name) });
}

function nameOf(name: number): string {
  return `CA ${name}`;
}

/**
 * At most six CAs, each a name and a key that others may share, with at most ten certificates over and across: cycles, self-issued
 * ones, expired ones, forged ones, ends without cA, with path lengths, with name constraints; one end entity; one or two anchors.
 */
export function randomPki(seed: number): RandomPki {
  const random = seededRandom(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const chance = (share: number): boolean => random() < share;
  const entities = Array.from({ length: 2 + below(5) }, () => ({ name: below(NAMES), key: below(KEYS) }));
  const some = (): (typeof entities)[number] => entities[below(entities.length)] ?? { name: 0, key: 0 };
  let serial = 0;
  const make = (issuer: { name: number; key: number }, subject: { name: number; key: number }): Node => {
    const forged = chance(0.08);
    const signedBy = forged ? below(KEYS) : issuer.key;
    const inDate = !chance(0.1);
    const isCa = !chance(0.08);
    const pathLenConstraint = isCa && chance(0.2) ? below(3) : undefined;
    const permitted = isCa && chance(0.2) ? DOMAINS[below(2)] : undefined;
    const options: TestCertificateOptions = {
      subject: nameOf(subject.name),
      key: keyAt(subject.key),
      serialNumber: Uint8Array.of(1, seed >> 16, seed >> 8, seed, ++serial),
      signingKey: keyAt(signedBy),
      basicConstraints: isCa ? { cA: true, ...(pathLenConstraint === undefined ? {} : { pathLenConstraint }) } : null,
      extraExtensions: permitted === undefined ? [] : [permit(permitted)],
      ...(inDate ? {} : { notBefore: TEST_NOW - 2 * DAY, notAfter: TEST_NOW - DAY }),
      // hints that mislead
      ...(chance(0.3) ? { authorityKeyIdentifier: Uint8Array.of(below(3)) } : {}),
      ...(chance(0.3) ? { subjectKeyIdentifier: Uint8Array.of(below(3)) } : {}),
    };
    const certificate = signerAt(issuer).issueCa(options).certificate;
    const revoked = chance(0.1);
    const names = { issuerName: issuer.name, subjectName: subject.name };
    return { certificate, ...names, key: subject.key, signedBy, inDate, isCa, pathLenConstraint, permitted, revoked };
  };
  const cas = Array.from({ length: 2 + below(9) }, () => make(some(), some()));
  const anchors = Array.from({ length: 1 + below(2) }, () => {
    const entity = some();
    return make(chance(0.7) ? entity : some(), entity);
  });
  return { leaf: leafOf(some(), DOMAINS[below(2)] ?? 'a.test', seed), cas, anchors };
}

function leafOf(issuer: { name: number; key: number }, domain: string, seed: number): Node & { name: string } {
  const name = `device.${domain}`;
  const { certificate } = signerAt(issuer).issue({
    key: leafKey,
    serialNumber: Uint8Array.of(2, seed >> 16, seed >> 8, seed),
    subjectAltName: [{ kind: 'dNSName', value: name }],
  });
  const fine = { inDate: true, isCa: false, pathLenConstraint: undefined, permitted: undefined, revoked: false };
  return { certificate, issuerName: issuer.name, subjectName: NAMES, key: KEYS, signedBy: issuer.key, name, ...fine };
}

function permit(domain: string): Uint8Array {
  const value = encodeNameConstraints({ permitted: [{ kind: 'dNSName', value: domain }] });
  return encodeExtension(Oid.nameConstraints, true, value);
}

function keyAt(n: number): TestKey {
  return keys[n] ?? leafKey;
}

function signerAt({ name, key }: { name: number; key: number }): TestCa {
  const signer = signers[name]?.[key];
  if (signer === undefined) throw new TypeError('a CA without a name or a key');
  return signer;
}

/**
 * All paths that hold, found by trying everything and judging what is complete: RFC 5280 6.1 for what `randomPki` makes, written
 * without regard to what it costs and without a thought for what the verifier does. Each from the end entity to the anchor.
 */
export function validPaths({ leaf, cas, anchors }: RandomPki): readonly (readonly Node[])[] {
  const found: (readonly Node[])[] = [];
  const extend = (path: readonly Node[]): void => {
    const last = path[path.length - 1];
    if (last === undefined) return;
    for (const anchor of anchors) if (last.issuerName === anchor.subjectName) found.push([...path, anchor]);
    for (const ca of cas) {
      // A path with a CA in it twice holds without all between, too.
      const isLoop = path.some((node) => node.subjectName === ca.subjectName && node.key === ca.key);
      if (last.issuerName === ca.subjectName && !isLoop) extend([...path, ca]);
    }
  };
  extend([leaf]);
  return found.filter((path) => holds(path, leaf.name));
}

function holds(path: readonly Node[], name: string): boolean {
  return path.every((node, depth) => {
    const above = path[depth + 1];
    if (above !== undefined && (node.signedBy !== above.key || node.revoked)) return false;
    if (!node.inDate) return false;
    if (depth === 0) return true;
    const between = path.slice(1, depth).filter((ca) => ca.issuerName !== ca.subjectName).length;
    if (!node.isCa || between > (node.pathLenConstraint ?? between)) return false;
    return node.permitted === undefined || name.endsWith(`.${node.permitted}`);
  });
}
