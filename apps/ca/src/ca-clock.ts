import type { Queryable, Transaction } from '@touchmark/store';
import { CaError } from './ca-error.js';

/** Seconds that replicas of the CA may be apart when they issue one after the other. */
const REPLICA_TOLERANCE = 5;

/**
 * The CA's clock beside its database's. Issuing refuses where they disagree, or where time went back; a status change is never
 * refused for it, but takes the earlier of the two, so that no certificate counts as ended that is not.
 */
export class CaClock {
  readonly now: () => number;
  private readonly maxSkew: number;

  constructor(now: () => number, maxSkew: number) {
    this.now = now;
    this.maxSkew = maxSkew;
  }

  /** UTC seconds. Throws CLOCK_UNTRUSTED far from the database's clock, and behind the last issuance that was stored (rule 8). */
  async forIssuing(tx: Queryable): Promise<number> {
    const at = this.now();
    const rows = await tx.query<{ now: number; last: string }>(
      'SELECT extract(epoch FROM clock_timestamp())::float8 AS now, last_issued_at AS last FROM ca.issuing_clock',
    );
    const [row] = rows;
    if (!row || Math.abs(row.now - at) > this.maxSkew) throw new CaError('CLOCK_UNTRUSTED');
    if (at < Number(row.last) - REPLICA_TOLERANCE) throw new CaError('CLOCK_UNTRUSTED');
    return at;
  }

  /** Remembers that something was issued at `at`: once a second at most, so that commits do not queue for one row. */
  async recordIssued(tx: Transaction, at: number): Promise<void> {
    await tx.query('UPDATE ca.issuing_clock SET last_issued_at = $1 WHERE last_issued_at < $1', [at]);
  }

  /** UTC seconds: the earlier of our clock and the database's. */
  async forStatus(tx: Queryable): Promise<number> {
    const rows = await tx.query<{ now: string }>('SELECT floor(extract(epoch FROM clock_timestamp()))::bigint AS now');
    return Math.min(this.now(), Number(rows[0]?.now ?? 0));
  }
}
