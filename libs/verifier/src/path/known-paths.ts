import { hash } from 'node:crypto';

import { equalBytes } from '@touchmark/der';
import { parseSeat, type Seat } from '@touchmark/status-list';
import type { GeneralName } from '@touchmark/x509';

import { type AnchorIdentity, identityBelow } from '../anchor-identity.js';
import { type DeviceNames, readDeviceNames } from '../device-names.js';
import type { Identity } from '../identity.js';
import type { Validity } from './anchor-terms.js';
import type { PathCertificate } from './path-certificate.js';

/** What stays true of a certificate whose path was found good: all but dates and status, of which it says where to ask. */
export interface KnownPath {
  readonly certificate: { readonly serialNumber: Uint8Array; readonly notAfter: number; readonly sha256: Uint8Array };
  /** DER from the end entity to the trust anchor. */
  readonly path: readonly Uint8Array[];
  readonly identity: Identity | undefined;
  /** The identity if it is a device's. */
  readonly device: Readonly<Record<'realm' | 'model' | 'deviceSerial', string>> | undefined;
  /** subjectAltName. */
  readonly names: readonly GeneralName[];
  /** Latest notBefore and earliest notAfter of the path, UTC seconds, inclusive. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Of every certificate below the trust anchor whose number holds one, end entity first. */
  readonly seats: readonly PathSeat[];
  /** How many changes of status there had been when the seats were last found valid. */
  validAt: number;
  /** There if its anchor has terms of its own for revocation: then it is judged anew by its sources each time, not by seats. */
  readonly asked: AskedPath | undefined;
  /** What a certificate that needs no SPIFFE URI of ours calls its device; undefined for the others. */
  readonly deviceNames: DeviceNames | undefined;
}

/** A path as it was found, to be judged again. */
export interface AskedPath {
  readonly path: readonly PathCertificate[];
  readonly purpose: 'client' | 'server';
}

/** By the anchor at the end of a path. */
export interface KnownPathTerms {
  readonly identity: AnchorIdentity;
  /** Whether dates above the end entity count now; they do not where they counted when it was issued. */
  readonly validity: Validity;
  readonly asked: AskedPath | undefined;
}

export interface PathSeat {
  /** SHA-256 of the issuer's SubjectPublicKeyInfo. */
  readonly issuerKeyId: Uint8Array;
  readonly seat: Seat;
}

/** The name under which a leaf is remembered: its SHA-256, one character an octet, which is the fastest to make and compare. */
export function nameOfLeaf(leaf: Uint8Array): string {
  return hash('sha256', leaf, 'binary');
}

/**
 * What to remember of a good path. Its end entity must be read from octets that nobody else writes to; `name` is its
 * {@link nameOfLeaf}. Throws VerifierError IDENTITY_MALFORMED.
 */
export function knownPathOf(
  path: readonly PathCertificate[],
  name: string,
  validAt: number,
  { identity: terms, validity, asked }: KnownPathTerms,
): KnownPath {
  const [leaf] = path;
  if (leaf === undefined) throw new TypeError('a path begins with an end entity');
  // Cut to length: an array that was pushed to keeps room for more, which thousands of these would pay for.
  const names = (leaf.subjectAltName ?? []).slice();
  const { notAfter } = leaf.certificate;
  // What is handed out is another copy than what later answers are made of.
  const serialNumber = leaf.certificate.serialNumber.slice();
  const handedOut = path.map((one, depth) => (depth === 0 ? one.certificate.der.slice() : ownOctets(one)));
  Object.freeze(handedOut);
  const identity = identityBelow(names, terms);
  const dated = validity === 'now' ? path : [leaf];
  return {
    certificate: Object.freeze({ serialNumber, notAfter, sha256: new Uint8Array(Buffer.from(name, 'latin1')) }),
    path: handedOut,
    identity,
    device: identity?.kind === 'device' ? deviceOf(identity) : undefined,
    names,
    notBefore: Math.max(...dated.map(({ certificate }) => certificate.notBefore)),
    notAfter: Math.min(...dated.map(({ certificate }) => certificate.notAfter)),
    seats: seatsOf(path),
    validAt,
    asked,
    deviceNames: terms.kind === 'any' ? namesFor(leaf) : undefined,
  };
}

/** A bounded number of known paths; the one that came first goes first. */
export class KnownPaths {
  private readonly limit: number;
  private readonly byName = new Map<string, KnownPath>();

  constructor(limit: number) {
    this.limit = limit;
  }

  get(name: string): KnownPath | undefined {
    return this.byName.get(name);
  }

  set(name: string, known: KnownPath): void {
    this.byName.set(name, known);
    if (this.byName.size <= this.limit) return;
    const [first] = this.byName.keys();
    if (first !== undefined) this.byName.delete(first);
  }
}

function deviceOf({ realm, model, deviceSerial }: Identity & { kind: 'device' }): KnownPath['device'] {
  return Object.freeze({ realm, model, deviceSerial });
}

// Octets of our own: who is handed these must not be able to write to what was verified.
function namesFor({ certificate }: PathCertificate): DeviceNames {
  const { hardwareModuleName: module, subjectSerialNumber, uris } = readDeviceNames(certificate);
  const hardwareModuleName = module && Object.freeze({ ...module, hwSerialNum: module.hwSerialNum.slice() });
  return Object.freeze({ hardwareModuleName, subjectSerialNumber, uris: Object.freeze([...uris]) });
}

/** The seats that the certificates of a path have, if they are of our service. */
export function seatsOf([leaf, ...issuers]: readonly PathCertificate[]): PathSeat[] {
  const own = leaf && seatBelow(leaf, issuers[0]);
  const above = issuers.map((ca, n) => seatOfAuthority(ca, issuers[n + 1]));
  return [own, ...above].filter((seat) => seat !== undefined).slice();
}

function seatBelow({ certificate }: PathCertificate, issuer: PathCertificate | undefined): PathSeat | undefined {
  const seat = parseSeat(certificate.serialNumber);
  return seat === undefined || issuer === undefined ? undefined : { issuerKeyId: issuer.spkiSha256, seat };
}

// CAs come again in thousands of paths: one seat and one copy of each.
const authoritySeats = new WeakMap<PathCertificate, PathSeat>();

function seatOfAuthority(ca: PathCertificate, issuer: PathCertificate | undefined): PathSeat | undefined {
  const known = authoritySeats.get(ca);
  if (known !== undefined && issuer !== undefined && equalBytes(known.issuerKeyId, issuer.spkiSha256)) return known;
  const seat = seatBelow(ca, issuer);
  if (seat !== undefined) authoritySeats.set(ca, seat);
  return seat;
}

const copies = new WeakMap<PathCertificate, Uint8Array>();

function ownOctets(ca: PathCertificate): Uint8Array {
  let copy = copies.get(ca);
  if (copy === undefined) {
    copy = Uint8Array.from(ca.certificate.der);
    copies.set(ca, copy);
  }
  return copy;
}
