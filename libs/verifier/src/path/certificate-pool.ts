import { equalBytes } from '@touchmark/der';
import { type X509Error } from '@touchmark/x509';

import { nameKey } from './name-key.js';
import type { PathCertificate } from './path-certificate.js';

const NONE: readonly PathCertificate[] = [];
/** Names remembered at most as being no certificate's, and octets of one: strangers name issuers as they like. */
const MAX_STRANGERS = 256;
const MAX_STRANGER_OCTETS = 512;
const FINGERPRINT_OCTETS = 24;

/** Certificates by their subjects, compared by RFC 5280 7.1: found at once among however many. */
export class CertificatePool {
  private readonly all: PathCertificate[] = [];
  private readonly byName = new Map<string, PathCertificate[]>();
  /** The same lists, under each encoding that a name has here. */
  private readonly byEncoding = new Map<string, readonly PathCertificate[]>();
  private readonly strangers = new Set<string>();
  private readonly byEnd = new Map<string, PathCertificate[]>();
  /** By name, what is wrong with a certificate that is no candidate. */
  private readonly unreadable = new Map<string, X509Error>();

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
    this.byEncoding.set(textOf(subject), addTo(this.byName, certificate.subjectKey, certificate));
    this.strangers.clear();
  }

  /** A certificate of this subject whose key or extensions are not what their RFCs say. */
  addUnreadable(subject: Uint8Array, flaw: X509Error): void {
    this.unreadable.set(nameKey(subject), flaw);
  }

  /** What is wrong with the last such certificate of this subject. */
  flawOf(name: Uint8Array): X509Error | undefined {
    return this.unreadable.size === 0 ? undefined : this.unreadable.get(nameKey(name));
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
    if (name.length <= MAX_STRANGER_OCTETS) this.strangers.add(encoding);
    return NONE;
  }

  /** The certificate that is these octets. */
  find(der: Uint8Array): PathCertificate | undefined {
    return this.byEnd.get(endOf(der))?.find(({ certificate }) => equalBytes(certificate.der, der));
  }
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
