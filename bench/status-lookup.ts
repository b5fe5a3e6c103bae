import { randomBytes, randomInt } from 'node:crypto';

import {
  LIST_SIZE,
  SERIAL_NUMBER_RANDOM_LENGTH,
  SeatTable,
  SeatValue,
  encodeSerialNumber,
  parseSeat,
} from '@touchmark/status-list';

import { median } from './median.js';
import { report } from './report.js';

const SEATS = 10_000_000;
const INVALID = SEATS / 100;
/** Random seats enough to touch every cache line of the table, so that no round finds the last one's in the cache. */
const ASKED = 2 ** 18;
const LOOKUPS = 2 ** 22;
const ROUNDS = 7;

/**
 * Row `status-lookup` of the table in docs/performance.md: from a serialNumber's octets to its seat's value among 10 M
 * seats, and what the process grows by to hold and ask them.
 */
export function run(): void {
  const asked = Uint32Array.from({ length: ASKED }, () => randomInt(SEATS));
  // Small, so that code is compiled without touching the memory that is measured.
  const small = new SeatTable();
  small.open(1, LIST_SIZE);
  lookUp(small, asked);

  const before = process.memoryUsage.rss();
  const table = filledTable();
  let peak = Math.max(before, process.memoryUsage.rss());
  const times: number[] = [];
  let refused = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint();
    refused = lookUp(table, asked);
    times.push(Number(process.hrtime.bigint() - start) / LOOKUPS);
    peak = Math.max(peak, process.memoryUsage.rss());
  }
  report({
    bench: 'status-lookup',
    value: median(times),
    unit: 'ns',
    seats: SEATS,
    lookups: LOOKUPS,
    refusedShare: Number((refused / LOOKUPS).toPrecision(3)),
    rssGrowthMB: Math.round((peak - before) / 1e6),
  });
}

/** Lets one serialNumber take every seat that is asked for: its octets are at hand, as those of a certificate just read. */
function lookUp(table: SeatTable, asked: Uint32Array): number {
  const random = randomBytes(SERIAL_NUMBER_RANDOM_LENGTH);
  const serialNumber = encodeSerialNumber({ listId: 0, index: 0, random });
  let refused = 0;
  for (let i = 0; i < LOOKUPS; i++) {
    const number = asked[i % ASKED] ?? 0;
    serialNumber[4] = 1 + (number >>> 20);
    serialNumber[5] = (number >>> 16) & 0x0f;
    serialNumber[6] = number >>> 8;
    serialNumber[7] = number;
    const seat = parseSeat(serialNumber);
    if (seat === undefined || table.lookup(seat) !== SeatValue.valid) refused += 1;
  }
  return refused;
}

function filledTable(): SeatTable {
  const table = new SeatTable();
  for (let from = 0; from < SEATS; from += LIST_SIZE) {
    table.open(1 + from / LIST_SIZE, Math.min(LIST_SIZE, SEATS - from));
  }
  for (let i = 0; i < INVALID; i++) {
    const number = randomInt(SEATS);
    table.set({ listId: 1 + Math.floor(number / LIST_SIZE), index: number % LIST_SIZE }, SeatValue.invalid);
  }
  return table;
}
