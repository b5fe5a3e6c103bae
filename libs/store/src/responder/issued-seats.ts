import type { Seat } from '../ca/certificates.js';
import type { Queryable } from '../database.js';

/** Octets of one seat in {@link readIssuedSeats}: index 4 (big-endian), random 8. */
export const ISSUED_SEAT_LENGTH = 12;

/** Seats issued in `[from, to)` of a list, in no order, each as index and random in {@link ISSUED_SEAT_LENGTH} octets. */
export async function readIssuedSeats(db: Queryable, listId: number, from: number, to: number): Promise<Uint8Array> {
  const rows = await db.query<{ seats: Uint8Array | null }>(
    `SELECT string_agg(int4send(index) || random, ''::bytea) AS seats FROM publication.issued_seat
      WHERE list_id = $1 AND index >= $2 AND index < $3`,
    [listId, from, to],
  );
  return rows[0]?.seats ?? new Uint8Array();
}

/** The random octets of those of the seats that were issued. */
export async function findIssuedSeats(
  db: Queryable,
  seats: readonly Seat[],
): Promise<(Seat & { readonly random: Uint8Array })[]> {
  return db.query(
    `SELECT s.list_id AS "listId", s.index, i.random FROM unnest($1::int[], $2::int[]) AS s (list_id, index)
       JOIN publication.issued_seat i ON i.list_id = s.list_id AND i.index = s.index`,
    [seats.map((s) => s.listId), seats.map((s) => s.index)],
  );
}
