import { hash } from 'node:crypto';

import { concatBytes } from '@touchmark/der';
import { rdnKeys, X509Error } from '@touchmark/x509';

import { DigestSet } from './digest-set.js';
import { GOOD, type RevocationFinding } from './finding.js';
import {
  questionBehind,
  type RevocationPolicy,
  type RevocationSource,
  type StatusQuestion,
} from './revocation-source.js';

/** What is no longer wanted: one certificate by its issuer and number or by its hash, or every certificate of a key. */
export type DenylistEntry =
  /** SHA-256 of the issuer's SubjectPublicKeyInfo, and the serialNumber's INTEGER content octets. */
  | { readonly issuerSpkiSha256: Uint8Array; readonly serialNumber: Uint8Array }
  /** DER of the issuer's Name. */
  | { readonly issuer: Uint8Array; readonly serialNumber: Uint8Array }
  /** SHA-256 of the certificate's own SubjectPublicKeyInfo. */
  | { readonly spkiSha256: Uint8Array }
  /** SHA-256 of the whole certificate. */
  | { readonly sha256: Uint8Array };

/** One set for each kind of entry, so that what no entry asks for is not hashed. */
interface Tables {
  readonly byIssuerKey: DigestSet;
  readonly byIssuerName: DigestSet;
  readonly byKey: DigestSet;
  readonly byCertificate: DigestSet;
}

const UNLISTED: RevocationFinding = { status: 'unlisted' };
const REVOKED: RevocationFinding = { status: 'revoked' };
const SHA256_OCTETS = 32;
const KINDS = ['issuerSpkiSha256', 'issuer', 'spkiSha256', 'sha256'] as const;

/**
 * A list of the caller's own: what is on it is revoked. Not to be on it is good where a policy has no other kind of source (CAs that
 * publish nothing), and says nothing beside others: an emergency list never stands in for a CRL that is missing. A million entries take 32 to 64 MiB.
 */
export class Denylist implements RevocationSource {
  readonly kind = 'denylist';
  private tables: Tables;
  private revision = 0;

  /** Throws TypeError for entries that are none. */
  constructor(entries: Iterable<DenylistEntry> = []) {
    this.tables = tablesOf(entries);
  }

  get changes(): number {
    return this.revision;
  }

  /** Different entries. */
  get size(): number {
    const { byIssuerKey, byIssuerName, byKey, byCertificate } = this.tables;
    return byIssuerKey.size + byIssuerName.size + byKey.size + byCertificate.size;
  }

  /** Puts these in the place of all there were, at once or, if it throws TypeError for one that is none, not at all. */
  set(entries: Iterable<DenylistEntry>): void {
    this.tables = tablesOf(entries);
    this.revision++;
  }

  find(asked: StatusQuestion): RevocationFinding {
    const { subject, issuer } = questionBehind(asked);
    const { byIssuerKey, byIssuerName, byKey, byCertificate } = this.tables;
    const { der, serialNumber, issuer: issuerName } = subject.certificate;
    const listed =
      (byIssuerKey.size > 0 && byIssuerKey.has(numbered(issuer.spkiSha256, serialNumber))) ||
      (byIssuerName.size > 0 && byIssuerName.has(numbered(keyOfName(issuerName), serialNumber))) ||
      (byKey.size > 0 && byKey.has(subject.spkiSha256)) ||
      (byCertificate.size > 0 && byCertificate.has(sha256(der)));
    return listed ? REVOKED : UNLISTED;
  }
}

/** Asks nobody: every certificate counts as good. For who has decided so, and wants it to be read in the code. */
export const uncheckedRevocation: RevocationPolicy = Object.freeze({
  sources: Object.freeze([Object.freeze({ kind: 'denylist', changes: 0, find: () => GOOD } as const)]),
});

function tablesOf(entries: Iterable<DenylistEntry>): Tables {
  const tables = {
    byIssuerKey: new DigestSet(),
    byIssuerName: new DigestSet(),
    byKey: new DigestSet(),
    byCertificate: new DigestSet(),
  };
  for (const entry of entries) {
    // One that says two things would be filed under one of them.
    if (KINDS.filter((kind) => kind in entry).length !== 1) throw new TypeError('a denylist entry is of one kind');
    if ('issuerSpkiSha256' in entry) {
      tables.byIssuerKey.add(numbered(digest(entry.issuerSpkiSha256), serial(entry.serialNumber)));
    } else if ('issuer' in entry) tables.byIssuerName.add(numbered(nameIn(entry.issuer), serial(entry.serialNumber)));
    else if ('spkiSha256' in entry) tables.byKey.add(digest(entry.spkiSha256));
    else tables.byCertificate.add(digest(entry.sha256));
  }
  return tables;
}

// A length ahead of the number: no other issuer and number make the same octets.
function numbered(issuer: Uint8Array, serialNumber: Uint8Array): Uint8Array {
  return sha256(concatBytes(Uint8Array.of(serialNumber.length), serialNumber, issuer));
}

// Names that are the same by RFC 5280 7.1 make the same octets.
function keyOfName(name: Uint8Array): Uint8Array {
  return Buffer.from(JSON.stringify(rdnKeys(name)));
}

function nameIn(value: unknown): Uint8Array {
  const name = octets(value);
  try {
    return keyOfName(name);
  } catch (error) {
    if (error instanceof X509Error) throw new TypeError('a denylist entry has the DER of a Name', { cause: error });
    throw error;
  }
}

function sha256(data: Uint8Array): Uint8Array {
  return hash('sha256', data, 'buffer');
}

function octets(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError('a denylist entry consists of octets');
  return value;
}

function digest(value: unknown): Uint8Array {
  const found = octets(value);
  if (found.length !== SHA256_OCTETS) throw new TypeError('a denylist entry has a SHA-256 digest of 32 octets');
  return found;
}

// One with octets too many would never be that of a certificate.
function serial(value: unknown): Uint8Array {
  const found = octets(value);
  const [first = 0, second = 0] = found;
  const padded = found.length > 1 && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80));
  if (found.length === 0 || found.length > 255 || padded) {
    throw new TypeError('a serialNumber is the contents of an INTEGER of 1 to 255 octets');
  }
  return found;
}
