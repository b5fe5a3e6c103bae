import { GapCost, readGapSet, writeGapSet } from './gap-set.js';
import type { OctetReader } from './octet-reader.js';
import type { OctetWriter } from './octet-writer.js';
import { LIST_SIZE } from './seat.js';
import { SeatBitmap } from './seat-bitmap.js';
import { SeatValue } from './seat-value.js';

/** How the seats of one list are written: the shortest of these, and the first of them where several are. */
const Coding = { allValid: 0, gaps: 1, raw: 2 } as const;

interface SeatSets {
  readonly invalid: number[];
  readonly suspended: number[];
  readonly invalidCost: GapCost;
  readonly suspendedCost: GapCost;
}

/** Writes the values of the first `leasedTo` seats. TypeError if a seat beyond them is not valid. */
export function writeListSeats(writer: OctetWriter, seats: SeatBitmap, leasedTo: number): void {
  if (leasedTo > LIST_SIZE) throw new TypeError('lease outside the list');
  const { invalid, suspended, invalidCost, suspendedCost } = seatSets(seats);
  const last = Math.max(invalid.at(-1) ?? -1, suspended.at(-1) ?? -1);
  if (last >= leasedTo) throw new TypeError('a seat beyond the lease is not valid');
  const coding = codingOf(invalidCost, suspendedCost, rawLength(leasedTo));
  writer.uint(1, coding, 'coding');
  if (coding === Coding.raw) writer.octets(seats.toOctets(leasedTo));
  if (coding !== Coding.gaps) return;
  writeGapSet(writer, invalid, invalidCost);
  writeGapSet(writer, suspended, suspendedCost);
}

/**
 * Reads the values of the first `leasedTo` seats. Codes TRUNCATED, VALUE_OUT_OF_RANGE, and NOT_CANONICAL
 * where they stand in any other way than {@link writeListSeats} would write them.
 */
export function readListSeats(reader: OctetReader, leasedTo: number): SeatBitmap {
  const coding = reader.check('coding', reader.uint(1), Coding.allValid, Coding.raw);
  if (coding === Coding.allValid) return new SeatBitmap();
  return coding === Coding.raw ? readRaw(reader, leasedTo) : readGaps(reader, leasedTo);
}

function readGaps(reader: OctetReader, leasedTo: number): SeatBitmap {
  const invalid = readGapSet(reader, leasedTo);
  const suspended = readGapSet(reader, leasedTo);
  const expected = codingOf(invalid.cost, suspended.cost, rawLength(leasedTo));
  reader.canonical('coding', expected === Coding.gaps);
  const bitmap = new SeatBitmap();
  for (const index of invalid.indexes) bitmap.set(index, SeatValue.invalid);
  for (const index of suspended.indexes) {
    reader.canonical('suspended', bitmap.get(index) === SeatValue.valid);
    bitmap.set(index, SeatValue.suspended);
  }
  return bitmap;
}

function readRaw(reader: OctetReader, leasedTo: number): SeatBitmap {
  const octets = reader.octets(rawLength(leasedTo));
  const padding = leasedTo % 4 === 0 ? 0 : (octets.at(-1) ?? 0) >>> ((leasedTo % 4) * 2);
  reader.canonical('padding', padding === 0);
  const bitmap = SeatBitmap.fromOctets(octets);
  const { invalidCost, suspendedCost } = seatSets(bitmap);
  reader.canonical('coding', codingOf(invalidCost, suspendedCost, octets.length) === Coding.raw);
  return bitmap;
}

function codingOf(invalid: GapCost, suspended: GapCost, raw: number): (typeof Coding)[keyof typeof Coding] {
  if (invalid.count + suspended.count === 0) return Coding.allValid;
  return raw < invalid.octets + suspended.octets ? Coding.raw : Coding.gaps;
}

function seatSets(seats: SeatBitmap): SeatSets {
  const sets = { invalid: [] as number[], suspended: [] as number[] };
  const costs = { invalidCost: new GapCost(), suspendedCost: new GapCost() };
  for (const { index, value } of seats.nonValid()) {
    if (value === SeatValue.invalid) {
      sets.invalid.push(index);
      costs.invalidCost.add(index);
    } else {
      sets.suspended.push(index);
      costs.suspendedCost.add(index);
    }
  }
  return { ...sets, ...costs };
}

function rawLength(leasedTo: number): number {
  return Math.ceil(leasedTo / 4);
}
