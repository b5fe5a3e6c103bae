/** First octet of every serial number of ours. Its top bit is clear, so the 16 octets are a positive, minimal INTEGER. */
export const SERIAL_NUMBER_FORMAT = 0x54;

/** Octets of a serial number: format 1, status list id 4, index 3, random 8. */
export const SERIAL_NUMBER_LENGTH = 16;

/** Octets of a serial number that come from a CSPRNG. */
export const SERIAL_NUMBER_RANDOM_LENGTH = 8;

/** Seats of one status list. */
export const LIST_SIZE = 2 ** 20;

/** Greatest status list id: four octets that every database reads as a positive number. */
export const MAX_LIST_ID = 0x7fff_ffff;

/** Where a certificate's status stands. It means something only under the key that verified the certificate. */
export interface Seat {
  /** 0 to 2^31 − 1. */
  readonly listId: number;
  /** 0 to {@link LIST_SIZE} − 1. */
  readonly index: number;
}

/** What a serial number of ours says. */
export interface SerialNumberParts extends Seat {
  /** 8 octets; they keep the serial number unpredictable. */
  readonly random: Uint8Array;
}

/**
 * Makes the 16 octets of a certificate's serialNumber (RFC 5280 section 4.1.2.2) from its seat.
 * Throws TypeError when a part is out of range: a seat is chosen by us, never by an applicant.
 */
export function encodeSerialNumber({ listId, index, random }: SerialNumberParts): Uint8Array {
  if (!Number.isInteger(listId) || listId < 0 || listId > MAX_LIST_ID) throw new TypeError('listId is not 31 bits');
  if (!Number.isInteger(index) || index < 0 || index >= LIST_SIZE) throw new TypeError('index is outside the list');
  if (random.length !== SERIAL_NUMBER_RANDOM_LENGTH) throw new TypeError('random is not 8 octets');
  const serialNumber = new Uint8Array(SERIAL_NUMBER_LENGTH);
  serialNumber[0] = SERIAL_NUMBER_FORMAT;
  serialNumber[1] = listId >>> 24;
  serialNumber[2] = listId >>> 16;
  serialNumber[3] = listId >>> 8;
  serialNumber[4] = listId;
  serialNumber[5] = index >>> 16;
  serialNumber[6] = index >>> 8;
  serialNumber[7] = index;
  serialNumber.set(random, 8);
  return serialNumber;
}

/**
 * Reads the seat out of a serialNumber's content octets, for a look-up that is made on every request. `undefined` for any
 * other length or format, and for an index that no list has: such a certificate has no seat here.
 */
export function parseSeat(serialNumber: Uint8Array): Seat | undefined {
  if (serialNumber.length !== SERIAL_NUMBER_LENGTH || serialNumber[0] !== SERIAL_NUMBER_FORMAT) return undefined;
  const octet = (at: number): number => serialNumber[at] ?? 0;
  const index = (octet(5) << 16) | (octet(6) << 8) | octet(7);
  if (index >= LIST_SIZE) return undefined;
  const listId = ((octet(1) << 24) | (octet(2) << 16) | (octet(3) << 8) | octet(4)) >>> 0;
  return listId > MAX_LIST_ID ? undefined : { listId, index };
}

/** The same with the random octets besides, which are a view of the given bytes. */
export function parseSerialNumber(serialNumber: Uint8Array): SerialNumberParts | undefined {
  const seat = parseSeat(serialNumber);
  return seat && { ...seat, random: serialNumber.subarray(8) };
}
