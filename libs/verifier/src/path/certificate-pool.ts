import { equalBytes } from '@touchmark/der';
import { type Certificate, rdnKeys, X509Error } from '@touchmark/x509';

import { VerifierError } from '../error.js';
import { knownPathCertificate, type PathCertificate } from './path-certificate.js';

const NONE: readonly PathCertificate[] = [];
/** Names remembered at most as being no certificate's: strangers name issuers as they like. */
const MAX_STRANGERS = 256;
const FINGERPRINT_OCTETS = 24;

/** Certificates by their subjects, compared by RFC 5280 7.1: found at once among however many. */
export class CertificatePool {
  private readonly all: PathCertificate[] = [];
  private readonly byName = new Map<string, PathCertificate[]>();
  /** The same lists, under each encoding that a name has here. */
  private readonly byEncoding = new Map<string, readonly PathCertificate[]>();
  private readonly strangers = new Set<string>();
  private readonly byEnd = new Map<string, PathCertificate[]>();

  /** Each certificate once. */
  constructor(certificates: Iterable<PathCertificate>) {
    for (const certificate of certificates) this.add(certificate);
  }

  /** In the order they came. */
  get certificates(): readonly PathCertificate[] {
    return this.all;
  }

  /** Adds a certificate that is not here yet. */
  add(certificate: PathCertificate): void {
    const { der, subject } = certificate.certificate;
    if (this.find(der) !== undefined) return;
    this.all.push(certificate);
    addTo(this.byEnd, endOf(der), certificate);
    this.byEncoding.set(textOf(subject), addTo(this.byName, nameKey(subject), certificate));
    this.strangers.clear();
  }

  /** All with this subject, in the order they came. */
  named(name: Uint8Array): readonly PathCertificate[] {
    if (this.byName.size === 0) return NONE;
    const encoding = textOf(name);
    const found = this.byEncoding.get(encoding);
    if (found !== undefined) return found;
    if (this.strangers.has(encoding)) return NONE;
    const other = this.byName.get(nameKey(name));
    if (other !== undefined) return other;
    if (this.strangers.size >= MAX_STRANGERS) this.strangers.clear();
    this.strangers.add(encoding);
    return NONE;
  }

  /** The certificate that is these octets. */
  find(der: Uint8Array): PathCertificate | undefined {
    return this.byEnd.get(endOf(der))?.find(({ certificate }) => equalBytes(certificate.der, der));
  }
}

interface Known {
  readonly of: readonly Certificate[];
  readonly pool: CertificatePool;
}

// By the array that a caller keeps. Its members are compared each time, which costs nothing beside the rest: arrays do change.
const pools = new WeakMap<readonly Certificate[], Known>();

/** The certificates that a caller keeps. A malformed one is no candidate: it must not spoil a path that does not need it. */
export function knownPool(certificates: readonly Certificate[]): CertificatePool {
  const known = pools.get(certificates);
  if (known !== undefined && isSame(known.of, certificates)) return known.pool;
  const pool = new CertificatePool(
    certificates.flatMap((certificate) => orNothing(() => knownPathCertificate(certificate))),
  );
  pools.set(certificates, { of: [...certificates], pool });
  return pool;
}

/** What was read; nothing of what cannot be. */
export function orNothing(read: () => PathCertificate): readonly PathCertificate[] {
  try {
    return [read()];
  } catch (error) {
    if (error instanceof X509Error || error instanceof VerifierError) return NONE;
    throw error;
  }
}

function isSame(a: readonly Certificate[], b: readonly Certificate[]): boolean {
  return a.length === b.length && a.every((certificate, i) => certificate === b[i]);
}

// A NUL stands inside a key, but never three.
function nameKey(name: Uint8Array): string {
  return rdnKeys(name).join('\0\0\0');
}

function textOf(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString('latin1');
}

// The end of a signature: no two certificates that a CA made share it.
function endOf(der: Uint8Array): string {
  return textOf(der.subarray(-FINGERPRINT_OCTETS));
}

function addTo(map: Map<string, PathCertificate[]>, key: string, certificate: PathCertificate): PathCertificate[] {
  const list = map.get(key);
  if (list === undefined) {
    const first = [certificate];
    map.set(key, first);
    return first;
  }
  list.push(certificate);
  return list;
}
