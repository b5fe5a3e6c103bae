import type { Queryable } from '../database.js';

/** An enrolment that was refused, with the rule that refused it. */
export interface RefusalRecord {
  readonly channel: 'batch' | 'est' | 'gateway';
  readonly code: string;
  /** At most 500 characters are kept. */
  readonly detail: string;
  readonly deviceRef: string | null;
  /** As the applicant wrote it; at most 64 characters are kept. */
  readonly deviceSerial: string | null;
  readonly batchId: string | null;
  /** Where it came from: a network address, an access token's `sub`. */
  readonly source: string | null;
}

export interface RefusalView extends RefusalRecord {
  readonly id: string;
  /** UTC seconds. */
  readonly at: number;
}

export async function insertRefusals(db: Queryable, refusals: readonly RefusalRecord[]): Promise<void> {
  if (refusals.length === 0) return;
  const column = <K extends keyof RefusalRecord>(name: K): RefusalRecord[K][] =>
    refusals.map((refusal) => refusal[name]);
  await db.query(
    `INSERT INTO registry.refusal (channel, code, detail, device_ref, device_serial, batch_id, source)
     SELECT r.channel, r.code, left(r.detail, 500), r.device_ref, left(r.device_serial, 64), r.batch_id, r.source
       FROM unnest($1::text[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::uuid[], $7::text[])
            AS r (channel, code, detail, device_ref, device_serial, batch_id, source)`,
    [
      column('channel'),
      column('code'),
      column('detail').map(storable),
      column('deviceRef'),
      column('deviceSerial').map(storable),
      column('batchId'),
      column('source').map(storable),
    ],
  );
}

// an applicant may write it, PostgreSQL's text cannot hold it
const storable = (text: string | null): string | null => text?.replaceAll('\0', '\uFFFD') ?? null;

/** Removes those from before that time, UTC seconds; answers how many. */
export async function forgetRefusals(db: Queryable, before: number): Promise<number> {
  const rows = await db.query('DELETE FROM registry.refusal WHERE at < to_timestamp($1) RETURNING 1', [before]);
  return rows.length;
}

/** Refusals, newest first, before the one named; of one batch or device where given. */
export async function listRefusals(
  db: Queryable,
  filter: { readonly batchId?: string | undefined; readonly deviceRef?: string | undefined },
  page: { readonly before: string | undefined; readonly limit: number },
): Promise<RefusalView[]> {
  return db.query<RefusalView>(
    `SELECT r.id::text, r.channel, r.code, r.detail, r.device_ref AS "deviceRef", r.device_serial AS "deviceSerial",
            r.batch_id AS "batchId", r.source, floor(extract(epoch FROM r.at))::float8 AS at
       FROM registry.refusal r
      WHERE ($1::uuid IS NULL OR r.batch_id = $1) AND ($2::uuid IS NULL OR r.device_ref = $2) AND ($3::bigint IS NULL OR r.id < $3)
      ORDER BY r.id DESC LIMIT $4`,
    [filter.batchId ?? null, filter.deviceRef ?? null, page.before ?? null, page.limit],
  );
}
