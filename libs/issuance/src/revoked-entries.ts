import {
  encodeGeneralizedTime,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  encodeTime,
  Oid,
  Tag,
} from '@touchmark/der';
import { encodeExtension, encodeReasonCode, type ReasonCode, reasonOfNumber } from '@touchmark/x509';

const LAST_REASON = 10;

/** Reasons a complete CRL may give, at the index that is their number in CRLReason (RFC 5280 5.3.1). */
const REASONS: readonly (ReasonCode | undefined)[] = Array.from({ length: LAST_REASON + 1 }, (_, number) => {
  const reason = reasonOfNumber(number);
  // That one stands in delta CRLs only.
  return reason === 'removeFromCRL' ? undefined : reason;
});

/** One revoked certificate. Times are UTC seconds; serialNumber is a big-endian magnitude of 1 to 20 octets. */
export interface RevokedEntry {
  readonly serialNumber: Uint8Array;
  readonly revocationDate: number;
  /** Absent or `unspecified`: no reasonCode extension. */
  readonly reasonCode?: ReasonCode;
  readonly invalidityDate?: number;
}

/** The same for very many, without an object for each: entry i stands at index i of every array. */
export interface RevokedColumns {
  /** Serial numbers one after the other, `serialNumberLength` octets each. */
  readonly serialNumbers: Uint8Array;
  readonly serialNumberLength: number;
  /** UTC seconds. */
  readonly revocationDates: Float64Array;
  /** CRLReason numbers; 0 is unspecified. */
  readonly reasonCodes: Uint8Array;
  /** UTC seconds, NaN where unknown. */
  readonly invalidityDates?: Float64Array;
}

/** Room that is kept in front of the entries for what a CertificateList says before them. */
export const HEADROOM = 4096;

const FIRST_CAPACITY = 1 << 16;
// serialNumber 23, GeneralizedTime 17, reasonCode 12, invalidityDate 26, two headers of 2 octets: every length fits one octet.
const LONGEST_ENTRY = 82;
const DAY = 86_400;
const UTC_TIME_END = 2_524_608_000;
const NOTHING = new Uint8Array(0);
const INVALIDITY_DATE = encodeOid(Oid.invalidityDate);

// The reasonCode extension by number; nothing for unspecified, undefined for what may not stand here.
const REASON_EXTENSIONS = REASONS.map((reason, number) => {
  if (number === 0) return NOTHING;
  return reason === undefined ? undefined : encodeExtension(Oid.reasonCode, false, encodeReasonCode(reason));
});

/**
 * The entries of revokedCertificates (RFC 5280 5.1.2.6), written one after the other into one growing array. A million take
 * about 0.2 s; nothing is allocated for an entry that has no invalidityDate.
 */
export class RevokedEntries {
  /** Entries stand from HEADROOM to `end`. */
  bytes: Uint8Array = new Uint8Array(FIRST_CAPACITY);
  end = HEADROOM;
  private readonly days = new Map<number, Uint8Array>();

  /** Throws TypeError for a serialNumber, time or reason that cannot stand in a complete CRL. */
  add({ serialNumber, revocationDate, reasonCode, invalidityDate }: RevokedEntry): void {
    this.reserve(LONGEST_ENTRY);
    const reason = reasonCode === undefined ? 0 : REASONS.indexOf(reasonCode);
    this.write(serialNumber, 0, serialNumber.length, revocationDate, reason, invalidityDate);
  }

  /** Same, for whole columns; also TypeError where they differ in length. */
  addColumns(columns: RevokedColumns): void {
    const { serialNumbers, serialNumberLength: length, revocationDates, reasonCodes, invalidityDates } = columns;
    const count = revocationDates.length;
    const sameLength = serialNumbers.length === count * length && reasonCodes.length === count;
    if (!sameLength || (invalidityDates?.length ?? count) !== count)
      throw new TypeError('columns of different lengths');
    this.reserve(count * LONGEST_ENTRY);
    for (let i = 0; i < count; i++) {
      const from = i * length;
      const invalidity = invalidityDates?.[i];
      this.write(
        serialNumbers,
        from,
        from + length,
        revocationDates[i] ?? Number.NaN,
        reasonCodes[i] ?? 0,
        invalidity === undefined || Number.isNaN(invalidity) ? undefined : invalidity,
      );
    }
  }

  /** Writes octets that are no entry, and end them. */
  append(octets: Uint8Array): void {
    this.reserve(octets.length);
    this.bytes.set(octets, this.end);
    this.end += octets.length;
  }

  /** Makes room behind the last entry. Pages that stay unwritten cost no memory. */
  private reserve(octets: number): void {
    if (this.end + octets <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.end + octets));
    grown.set(this.bytes.subarray(0, this.end));
    this.bytes = grown;
  }

  private write(
    serialNumbers: Uint8Array,
    from: number,
    to: number,
    revocationDate: number,
    reason: number,
    invalidityDate: number | undefined,
  ): void {
    const { bytes } = this;
    const reasonExtension = REASON_EXTENSIONS[reason];
    if (reasonExtension === undefined) throw new TypeError('no reason for a complete CRL');
    const start = this.end;
    this.end = start + 2;
    this.writeSerialNumber(serialNumbers, from, to);
    this.writeTime(revocationDate);
    if (reasonExtension.length > 0 || invalidityDate !== undefined) {
      const extensions = this.end;
      bytes[extensions] = Tag.SEQUENCE;
      this.end = extensions + 2;
      this.copy(reasonExtension);
      if (invalidityDate !== undefined) this.copy(invalidityExtension(invalidityDate));
      bytes[extensions + 1] = this.end - extensions - 2;
    }
    bytes[start] = Tag.SEQUENCE;
    bytes[start + 1] = this.end - start - 2;
  }

  private writeSerialNumber(serialNumbers: Uint8Array, from: number, to: number): void {
    const { bytes } = this;
    let first = from;
    while (first < to && serialNumbers[first] === 0) first++;
    if (first === to || to - first > 20) throw new TypeError('a serialNumber is positive, 1 to 20 octets');
    const pad = (serialNumbers[first] ?? 0) > 0x7f ? 1 : 0;
    let at = this.end;
    bytes[at++] = Tag.INTEGER;
    bytes[at++] = to - first + pad;
    if (pad === 1) bytes[at++] = 0;
    for (let i = first; i < to; i++) bytes[at++] = serialNumbers[i] ?? 0;
    this.end = at;
  }

  private writeTime(seconds: number): void {
    if (!Number.isInteger(seconds) || seconds < 0 || seconds >= UTC_TIME_END) {
      this.copy(encodeTime(seconds));
      return;
    }
    const day = Math.floor(seconds / DAY);
    let element = this.days.get(day);
    if (element === undefined) {
      element = encodeTime(day * DAY);
      this.days.set(day, element);
    }
    const at = this.end;
    this.copy(element);
    // 17 0D YYMMDD, then the time of day at 8.
    const ofDay = seconds - day * DAY;
    this.writePair(at + 8, Math.floor(ofDay / 3600));
    this.writePair(at + 10, Math.floor(ofDay / 60) % 60);
    this.writePair(at + 12, ofDay % 60);
  }

  private writePair(at: number, value: number): void {
    this.bytes[at] = 0x30 + Math.floor(value / 10);
    this.bytes[at + 1] = 0x30 + (value % 10);
  }

  private copy(element: Uint8Array): void {
    const { bytes } = this;
    // A loop, because `set` costs more than these few octets.
    for (let i = 0; i < element.length; i++) bytes[this.end + i] = element[i] ?? 0;
    this.end += element.length;
  }
}

function invalidityExtension(seconds: number): Uint8Array {
  return encodeSequence(INVALIDITY_DATE, encodeOctetString(encodeGeneralizedTime(seconds)));
}
