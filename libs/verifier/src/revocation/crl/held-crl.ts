import { hash } from 'node:crypto';

import { Oid, toHex } from '@touchmark/der';
import {
  type CertificateList,
  type Extension,
  parseAuthorityKeyIdentifier,
  parseBaseCRLNumber,
  parseCertificateList,
  parseCRLNumber,
  parseFreshestCRL,
  parseIssuingDistributionPoint,
  parseRevokedCertificate,
  type RevokedCertificate,
  X509Error,
} from '@touchmark/x509';

import { type CrlScope, scopeOf } from './crl-scope.js';
import type { CrlWhy } from './crl-why.js';
import { EntryIndex } from './entry-index.js';
import { directoryKey, generalNameKey, nameKey } from './name-key.js';

/** What a CRL of one issuer and scope is newer by: cRLNumber first, then thisUpdate (RFC 5280 5.2.3). */
export interface CrlPosition {
  /** -1 for a v1 CRL, which has none. */
  readonly cRLNumber: bigint;
  readonly thisUpdate: number;
}

/** Extensions of a CRL that we do what they say of. */
const PROCESSED = new Set<string>([
  Oid.authorityKeyIdentifier,
  Oid.issuingDistributionPoint,
  Oid.deltaCRLIndicator,
  Oid.freshestCRL,
]);
/** Keys under which it is remembered that they did not sign a CRL. */
const MAX_REMEMBERED = 64;

/** What an entry says of its certificate. */
export type Listing = Partial<Pick<RevokedCertificate, 'reasonCode' | 'revocationDate'>>;

/** A CRL with all read but its entries, which wait until they are asked for. */
export class HeldCrl {
  readonly list: CertificateList;
  /** SHA-256 of its octets, hexadecimal. */
  readonly sha256: string;
  /** Of the Name of who issued it. */
  readonly issuerKey: string;
  /** Equal for CRLs with the same issuingDistributionPoint, octet for octet. */
  readonly scopeKey: string;
  readonly scope: CrlScope;
  readonly position: CrlPosition;
  /** What a delta CRL goes on from; undefined for a complete CRL. */
  readonly baseCRLNumber: bigint | undefined;
  /** Contents of authorityKeyIdentifier, hexadecimal, empty without. */
  readonly authorityKey: string;
  readonly keyIdentifier: Uint8Array | undefined;
  /** It must not be used, however well it is signed. */
  readonly unusable: 'CRL_CRITICAL_EXTENSION' | undefined;
  /** Whether a key signed this CRL, by the SHA-256 of its SubjectPublicKeyInfo: true for ever, either way. */
  private readonly signedBy = new Map<string, boolean>();
  private index: EntryIndex | CrlWhy | undefined;

  /** Keeps `der`, does not copy it. Throws X509Error. */
  constructor(der: Uint8Array) {
    const list = parseCertificateList(der);
    const { extensions, issuer } = list;
    const idp = extensions.get(Oid.issuingDistributionPoint);
    const authorityKey = extensions.get(Oid.authorityKeyIdentifier);
    this.list = list;
    this.sha256 = hash('sha256', der, 'hex');
    this.issuerKey = nameKey(issuer);
    this.scopeKey = idp === undefined ? '' : toHex(idp.value);
    this.scope = scopeOf(read(idp, parseIssuingDistributionPoint), issuer);
    this.baseCRLNumber = read(extensions.get(Oid.deltaCRLIndicator), parseBaseCRLNumber);
    const cRLNumber = read(extensions.get(Oid.cRLNumber), parseCRLNumber) ?? -1n;
    this.position = { cRLNumber, thisUpdate: list.thisUpdate };
    this.authorityKey = authorityKey === undefined ? '' : toHex(authorityKey.value);
    this.keyIdentifier = read(authorityKey, parseAuthorityKeyIdentifier)?.keyIdentifier;
    // Where to fetch deltas is for who fetches; what cannot be read is no CRL.
    read(extensions.get(Oid.freshestCRL), parseFreshestCRL);
    this.unusable = isUsable(list) ? undefined : 'CRL_CRITICAL_EXTENSION';
  }

  /** undefined: it was not tried. */
  isSignedBy(keyId: string): boolean | undefined {
    return this.signedBy.get(keyId);
  }

  rememberSignature(keyId: string, valid: boolean): void {
    if (valid || this.signedBy.size < MAX_REMEMBERED) this.signedBy.set(keyId, valid);
  }

  /**
   * The entry of a certificate: `serialNumber` are INTEGER content octets, `issuer` the DER of its issuer's Name. Undefined if it
   * is not listed (an entry of which no more can be read than whose it is lists it all the same); a CrlWhy if the CRL turns out to be unusable. The first call reads all entries, about 0.4 s for a million, so
   * it is for CRLs whose signature is known to be good.
   */
  lookup(serialNumber: Uint8Array, issuer: Uint8Array): Listing | CrlWhy | undefined {
    const { entries, version } = this.list;
    if (entries === undefined) return undefined;
    try {
      const index = (this.index ??= this.indexOf(entries));
      if (typeof index === 'string') return index;
      for (const { element, naming } of index.find(serialNumber)) {
        if (this.isOf(naming, issuer)) return listingOf(element, version);
      }
      return undefined;
    } catch (error) {
      return whyOf(error);
    }
  }

  private indexOf(entries: Uint8Array): EntryIndex | CrlWhy {
    // Not to be chosen by who chooses the serial numbers, since it is made of them.
    const seed = [Number.parseInt(this.sha256.slice(0, 8), 16), Number.parseInt(this.sha256.slice(8, 16), 16)] as const;
    try {
      return new EntryIndex(entries, { version: this.list.version, indirect: this.scope.indirect, seed });
    } catch (error) {
      return whyOf(error);
    }
  }

  private isOf(naming: Uint8Array | undefined, issuer: Uint8Array): boolean {
    if (naming === undefined) return this.issuerKey === nameKey(issuer);
    const names = parseRevokedCertificate(naming, this.list.version).certificateIssuer ?? [];
    const wanted = directoryKey(issuer);
    return names.some((name) => generalNameKey(name) === wanted);
  }
}

/** Negative if `a` is the older one. */
export function comparePositions(a: CrlPosition, b: CrlPosition): number {
  if (a.cRLNumber !== b.cRLNumber) return a.cRLNumber < b.cRLNumber ? -1 : 1;
  return a.thisUpdate - b.thisUpdate;
}

// cRLNumber is in every v2 CRL and never critical (RFC 5280 5.2.3).
function isUsable({ version, extensions }: CertificateList): boolean {
  if (version === 2 && !extensions.has(Oid.cRLNumber)) return false;
  for (const [oid, { critical }] of extensions) if (critical && !PROCESSED.has(oid)) return false;
  return true;
}

function listingOf(element: Uint8Array, version: 1 | 2): Listing {
  try {
    return parseRevokedCertificate(element, version);
  } catch (error) {
    if (error instanceof X509Error) return {};
    throw error;
  }
}

function whyOf(error: unknown): CrlWhy {
  if (!(error instanceof X509Error)) throw error;
  return error.code === 'EXTENSION_CRITICAL_UNKNOWN' ? 'CRL_CRITICAL_EXTENSION' : 'CRL_ENTRIES_MALFORMED';
}

function read<T>(extension: Extension | undefined, parse: (value: Uint8Array) => T): T | undefined {
  return extension === undefined ? undefined : parse(extension.value);
}
