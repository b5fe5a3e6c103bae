import { Tag } from '@touchmark/der';
import { X509Error } from '@touchmark/x509';

const REASON_CODE = 0x15;
const INVALIDITY_DATE = 0x18;
const CERTIFICATE_ISSUER = 0x1d;

/**
 * Passes over the entries of revokedCertificates (RFC 5280 5.1.2.6) without making anything of them. It looks at what decides
 * whether the CRL may be used at all: structure, minimal serial numbers, critical extensions. The rest of an entry is read
 * when its certificate is asked for.
 */
export class EntryWalker {
  /** Where the current entry begins, and where its serial number's content octets lie. */
  entry = 0;
  serialStart = 0;
  serialEnd = 0;
  /** Whether it has certificateIssuer. */
  namesIssuer = false;
  private readonly bytes: Uint8Array;
  private readonly version: 1 | 2;
  private readonly indirect: boolean;
  private position = 0;
  private start = 0;
  private stop = 0;

  /** `entries` is the contents of revokedCertificates; certificateIssuer is for indirect CRLs only. */
  constructor(entries: Uint8Array, version: 1 | 2, indirect: boolean) {
    this.bytes = entries;
    this.version = version;
    this.indirect = indirect;
  }

  /** Goes to the next entry; false at the end. Throws X509Error CERTIFICATE_LIST_MALFORMED, EXTENSION_CRITICAL_UNKNOWN. */
  next(): boolean {
    const { bytes } = this;
    if (this.position === bytes.length) return false;
    this.entry = this.position;
    this.header(this.position, bytes.length, Tag.SEQUENCE);
    const end = this.stop;
    this.header(this.start, end, Tag.INTEGER);
    this.serialStart = this.start;
    this.serialEnd = this.stop;
    this.checkSerial();
    const time = bytes[this.stop];
    this.header(this.stop, end, time === Tag.UTC_TIME ? Tag.UTC_TIME : Tag.GENERALIZED_TIME);
    this.namesIssuer = false;
    if (this.stop !== end) this.extensions(end);
    this.position = end;
    return true;
  }

  // A serial number with octets too many would be another one than that of the certificate it means.
  private checkSerial(): void {
    const { bytes, serialStart, serialEnd } = this;
    const first = bytes[serialStart] ?? 0;
    const second = bytes[serialStart + 1] ?? 0;
    const padded =
      serialEnd - serialStart > 1 && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80));
    if (serialEnd === serialStart || padded) throw malformed();
  }

  private extensions(end: number): void {
    if (this.version !== 2) throw malformed();
    this.header(this.stop, end, Tag.SEQUENCE);
    if (this.stop !== end || this.start === end) throw malformed();
    for (let at = this.start; at < end;) {
      this.header(at, end, Tag.SEQUENCE);
      at = this.stop;
      this.extension(at);
    }
  }

  private extension(end: number): void {
    const { bytes } = this;
    this.header(this.start, end, Tag.OID);
    const known = this.knownExtension();
    let critical = false;
    if (bytes[this.stop] === Tag.BOOLEAN && this.stop < end) {
      this.header(this.stop, end, Tag.BOOLEAN);
      critical = bytes[this.start] !== 0;
    }
    this.header(this.stop, end, Tag.OCTET_STRING);
    if (this.stop !== end) throw malformed();
    if (known === CERTIFICATE_ISSUER) {
      if (!this.indirect) throw new X509Error('EXTENSION_CRITICAL_UNKNOWN');
      this.namesIssuer = true;
    } else if (critical && known === 0) {
      throw new X509Error('EXTENSION_CRITICAL_UNKNOWN');
    }
  }

  // id-ce is 2.5.29: 55 1D.
  private knownExtension(): number {
    const { bytes, start, stop } = this;
    if (stop - start !== 3 || bytes[start] !== 0x55 || bytes[start + 1] !== 0x1d) return 0;
    const last = bytes[start + 2] ?? 0;
    return last === REASON_CODE || last === INVALIDITY_DATE || last === CERTIFICATE_ISSUER ? last : 0;
  }

  // Sets start and stop to the contents of the element at `at`, which must have this tag and end within `limit`.
  private header(at: number, limit: number, tag: number): void {
    const { bytes } = this;
    if (at + 2 > limit || bytes[at] !== tag) throw malformed();
    let length = bytes[at + 1] ?? 0;
    let start = at + 2;
    if (length >= 0x80) {
      const count = length & 0x7f;
      if (count === 0 || count > 4 || start + count > limit || bytes[start] === 0) throw malformed();
      length = 0;
      for (let i = 0; i < count; i++) length = length * 256 + (bytes[start + i] ?? 0);
      if (length < 0x80) throw malformed();
      start += count;
    }
    if (length > limit - start) throw malformed();
    this.start = start;
    this.stop = start + length;
  }
}

function malformed(): X509Error {
  return new X509Error('CERTIFICATE_LIST_MALFORMED');
}
