import type { Queryable } from '../database.js';

/** Where the next sweep begins (a timestamptz in text), `marginSeconds` before the last one began; and the database's time now. */
export async function sweepWindow(db: Queryable, marginSeconds: number): Promise<{ from: string; to: string }> {
  const [row] = await db.query<{ from: string; to: string }>(
    `SELECT (swept_to - make_interval(secs => $1))::text AS from, clock_timestamp()::text AS to FROM registry.projection_sweep`,
    [marginSeconds],
  );
  if (!row) throw new TypeError('registry.projection_sweep has no row');
  return row;
}

export async function finishSweep(db: Queryable, to: string): Promise<void> {
  await db.query('UPDATE registry.projection_sweep SET swept_to = greatest(swept_to, $1::timestamptz)', [to]);
}
