/** Refusals kept in one minute: of one device, of one batch, of those that belong to neither, and of all together. */
const LIMITS = { device: 10, batch: 120, anonymous: 60, total: 300 };

/** Whose a refusal is. */
export interface RefusalCause {
  readonly deviceRef: string | null;
  readonly batchId: string | null;
}

/**
 * How many refusals are kept. Who is refused may ask again at once and for ever, so their number must not be the applicant's to
 * choose; the first ones of a minute tell why as well as all would.
 */
export class RefusalQuota {
  private readonly now: () => number;
  private minute = 0;
  private total = 0;
  // never more than two for each that was kept
  private readonly kept = new Map<string, number>();

  constructor(now: () => number) {
    this.now = now;
  }

  /** Whether this one is kept; if so it counts. */
  admit({ deviceRef, batchId }: RefusalCause): boolean {
    this.turn();
    const causes: [string, number][] = [];
    if (deviceRef !== null) causes.push([`device ${deviceRef}`, LIMITS.device]);
    if (batchId !== null) causes.push([`batch ${batchId}`, LIMITS.batch]);
    if (causes.length === 0) causes.push(['anonymous', LIMITS.anonymous]);
    const count = (cause: string): number => this.kept.get(cause) ?? 0;
    if (this.total >= LIMITS.total || causes.some(([cause, limit]) => count(cause) >= limit)) return false;
    this.total += 1;
    for (const [cause] of causes) this.kept.set(cause, count(cause) + 1);
    return true;
  }

  private turn(): void {
    const minute = Math.floor(this.now() / 60);
    if (minute === this.minute) return;
    this.minute = minute;
    this.total = 0;
    this.kept.clear();
  }
}
