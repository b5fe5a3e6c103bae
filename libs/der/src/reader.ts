import { DerError, type DerErrorCode } from './error.js';
import { decodeOidContents } from './oid.js';
import { Tag } from './tags.js';
import { parseTimeDigits } from './time.js';

// ignoreBOM keeps a leading U+FEFF: no octet of a name may vanish on reading.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Strict DER (X.690) over a window of bytes, without copying: what it returns are views of the caller's bytes. Every method
 * that finds something else than it was asked for throws DerError with the offset of the offending element. Depth is bounded
 * by who calls: one `read` enters one level.
 */
export class DerReader {
  private readonly bytes: Uint8Array;
  private position: number;
  private readonly limit: number;
  // Contents of the element whose header was parsed last.
  private start = 0;
  private stop = 0;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    if (!(start >= 0 && start <= end && end <= bytes.length)) throw new TypeError('window outside of the bytes');
    this.bytes = bytes;
    this.position = start;
    this.limit = end;
  }

  /** Whether nothing is left to read. */
  get done(): boolean {
    return this.position === this.limit;
  }

  /** Octets from the start of the bytes to the next element. */
  get offset(): number {
    return this.position;
  }

  /** Identifier octet of the next element, -1 at the end. */
  peekTag(): number {
    return this.position < this.limit ? (this.bytes[this.position] ?? -1) : -1;
  }

  /** A reader over the contents of the next element, which must have this tag. Advances past it. */
  read(tag: number): DerReader {
    this.header(tag);
    this.position = this.stop;
    return new DerReader(this.bytes, this.start, this.stop);
  }

  /** The same if the next element has this tag; undefined, and no advance, if not. */
  readOptional(tag: number): DerReader | undefined {
    return this.peekTag() === tag ? this.read(tag) : undefined;
  }

  /** The whole next element, identifier and length octets included; of any tag if none is given. */
  readElement(tag?: number): Uint8Array {
    const from = this.position;
    this.header(tag);
    this.position = this.stop;
    return this.bytes.subarray(from, this.stop);
  }

  /** Content octets of the next element. */
  readContents(tag: number): Uint8Array {
    this.header(tag);
    this.position = this.stop;
    return this.bytes.subarray(this.start, this.stop);
  }

  /** Passes over the next element without looking into it. */
  skip(tag?: number): void {
    this.header(tag);
    this.position = this.stop;
  }

  /** INTEGER content octets: two's complement, minimal (X.690 8.3.2). */
  readInteger(): Uint8Array {
    this.integerHeader(Tag.INTEGER);
    this.position = this.stop;
    return this.bytes.subarray(this.start, this.stop);
  }

  /** INTEGER from 0 to 2^31 - 1, or one of an IMPLICIT tag. */
  readSmallInteger(tag: number = Tag.INTEGER): number {
    return this.smallInteger(tag);
  }

  /** ENUMERATED from 0 to 2^31 - 1. */
  readEnumerated(): number {
    return this.smallInteger(Tag.ENUMERATED);
  }

  /** OBJECT IDENTIFIER in dotted form. */
  readOid(): string {
    this.header(Tag.OID);
    const dotted = decodeOidContents(this.bytes, this.start, this.stop);
    if (dotted === undefined) this.fail('DER_BAD_OID');
    this.position = this.stop;
    return dotted;
  }

  /** BOOLEAN: 00 or FF (X.690 11.1). */
  readBoolean(): boolean {
    this.header(Tag.BOOLEAN);
    const octet = this.bytes[this.start];
    if (this.stop - this.start !== 1 || (octet !== 0 && octet !== 0xff)) this.fail('DER_BAD_BOOLEAN');
    this.position = this.stop;
    return octet === 0xff;
  }

  /** BIT STRING: its octets without the leading count. Unused bits must be zero (X.690 11.2.1). */
  readBitString(): { unusedBits: number; bytes: Uint8Array } {
    this.header(Tag.BIT_STRING);
    const length = this.stop - this.start;
    const unusedBits = length > 0 ? (this.bytes[this.start] ?? 8) : 8;
    const last = this.bytes[this.stop - 1] ?? 0;
    if (unusedBits > 7 || (unusedBits > 0 && (length === 1 || (last & ((1 << unusedBits) - 1)) !== 0))) {
      this.fail('DER_BAD_BIT_STRING');
    }
    this.position = this.stop;
    return { unusedBits, bytes: this.bytes.subarray(this.start + 1, this.stop) };
  }

  readOctetString(): Uint8Array {
    return this.readContents(Tag.OCTET_STRING);
  }

  readNull(): void {
    this.header(Tag.NULL);
    if (this.start !== this.stop) this.fail('DER_BAD_NULL');
    this.position = this.stop;
  }

  /**
   * UTCTime or GeneralizedTime as UTC seconds: seconds and `Z` present, no fractions (RFC 5280 4.1.2.5). GeneralizedTime before
   * 2050 is read too: that rule binds issuers.
   */
  readTime(): number {
    return this.peekTag() === Tag.UTC_TIME ? this.time(Tag.UTC_TIME, 2) : this.time(Tag.GENERALIZED_TIME, 4);
  }

  /** GeneralizedTime as UTC seconds. */
  readGeneralizedTime(): number {
    return this.time(Tag.GENERALIZED_TIME, 4);
  }

  /** UTF8String, PrintableString or IA5String, held to its alphabet. */
  readString(): string {
    const tag = this.peekTag();
    switch (tag) {
      case Tag.UTF8_STRING:
        this.header(tag);
        return this.utf8();
      case Tag.PRINTABLE_STRING:
        this.header(tag);
        return this.ascii(isPrintable);
      case Tag.IA5_STRING:
        this.header(tag);
        return this.ascii(isIa5);
      default:
        this.header(Tag.UTF8_STRING);
        return this.utf8();
    }
  }

  /** Throws DER_TRAILING_DATA unless everything was read. */
  end(): void {
    if (this.position !== this.limit) this.fail('DER_TRAILING_DATA');
  }

  // Sets start and stop to the contents of the next element, after all checks of its header. Does not advance.
  private header(tag: number | undefined): void {
    const { bytes, position, limit } = this;
    if (position + 2 > limit) this.fail('DER_TRUNCATED');
    const found = bytes[position] ?? 0;
    if (tag !== undefined && found !== tag) this.fail('DER_UNEXPECTED_TAG');
    if ((found & 0x1f) === 0x1f) this.fail('DER_HIGH_TAG');
    let length = bytes[position + 1] ?? 0;
    let start = position + 2;
    if (length >= 0x80) {
      const count = length & 0x7f;
      if (count === 0 || count > 4) this.fail('DER_BAD_LENGTH');
      if (start + count > limit) this.fail('DER_TRUNCATED');
      length = 0;
      for (let i = 0; i < count; i++) length = length * 256 + (bytes[start + i] ?? 0);
      if (length < 0x80 || bytes[start] === 0) this.fail('DER_BAD_LENGTH');
      start += count;
    }
    if (length > limit - start) this.fail('DER_TRUNCATED');
    this.start = start;
    this.stop = start + length;
  }

  private integerHeader(tag: number): void {
    this.header(tag);
    const first = this.bytes[this.start] ?? 0;
    const second = this.bytes[this.start + 1] ?? 0;
    const length = this.stop - this.start;
    if (length === 0) this.fail('DER_BAD_INTEGER');
    if (length > 1 && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80)))
      this.fail('DER_BAD_INTEGER');
  }

  private smallInteger(tag: number): number {
    this.integerHeader(tag);
    const length = this.stop - this.start;
    let value = 0;
    if (length > 4 || (this.bytes[this.start] ?? 0) >= 0x80) this.fail('DER_INTEGER_RANGE');
    for (let i = this.start; i < this.stop; i++) value = value * 256 + (this.bytes[i] ?? 0);
    this.position = this.stop;
    return value;
  }

  private time(tag: number, yearDigits: 2 | 4): number {
    this.header(tag);
    const seconds = parseTimeDigits(this.bytes, this.start, this.stop, yearDigits);
    if (seconds === undefined) this.fail('DER_BAD_TIME');
    this.position = this.stop;
    return seconds;
  }

  private utf8(): string {
    let text: string;
    try {
      text = utf8.decode(this.bytes.subarray(this.start, this.stop));
    } catch {
      // The decoder's own error says nothing that the code does not.
      return this.fail('DER_BAD_STRING');
    }
    this.position = this.stop;
    return text;
  }

  private ascii(allowed: (octet: number) => boolean): string {
    let text = '';
    for (let i = this.start; i < this.stop; i++) {
      const octet = this.bytes[i] ?? 0;
      if (!allowed(octet)) this.fail('DER_BAD_STRING');
      text += String.fromCharCode(octet);
    }
    this.position = this.stop;
    return text;
  }

  private fail(code: DerErrorCode): never {
    throw new DerError(code, this.position);
  }
}

function isIa5(octet: number): boolean {
  return octet < 0x80;
}

// A-Z a-z 0-9 space ' ( ) + , - . / : = ?
function isPrintable(octet: number): boolean {
  if ((octet >= 0x61 && octet <= 0x7a) || (octet >= 0x41 && octet <= 0x5a)) return true;
  if (octet >= 0x27 && octet <= 0x3a) return octet !== 0x2a;
  return octet === 0x20 || octet === 0x3d || octet === 0x3f;
}
