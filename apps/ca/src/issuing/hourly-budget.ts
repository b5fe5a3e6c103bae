const HOUR = 3600;

/** What this process may issue in one clock hour, whatever the models are called: an upper bound that no caller can talk away. */
export class HourlyBudget {
  private readonly limit: number;
  private hour = 0;
  private taken = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Takes one; false where nothing is left. A batch that is tried again counts again. */
  take(now: number): boolean {
    const hour = Math.floor(now / HOUR);
    if (hour !== this.hour) {
      this.hour = hour;
      this.taken = 0;
    }
    if (this.taken >= this.limit) return false;
    this.taken++;
    return true;
  }
}
