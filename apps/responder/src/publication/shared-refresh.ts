import type { Log } from '../log.js';

/** One reading at a time, however often it is asked for; a failure is said once, and once that it is over. */
export class SharedRefresh {
  private readonly what: string;
  private readonly read: () => Promise<void>;
  private readonly log: Log;
  private refreshing: Promise<void> | undefined;
  private failing = false;

  /** `what`: a plural, as the log names it. */
  constructor(what: string, read: () => Promise<void>, log: Log) {
    this.what = what;
    this.read = read;
    this.log = log;
  }

  /** Reads, or waits for the reading that is under way. Never rejects. */
  run(): Promise<void> {
    this.refreshing ??= this.read()
      .then(
        () => this.said(undefined),
        (error: unknown) => this.said(error),
      )
      .finally(() => {
        this.refreshing = undefined;
      });
    return this.refreshing;
  }

  /** Resolves once nothing is being read. */
  async settled(): Promise<void> {
    await this.refreshing;
  }

  private said(error: unknown): void {
    if (error !== undefined && !this.failing) this.log.warn({ err: error }, `${this.what} can no longer be refreshed`);
    if (error === undefined && this.failing) this.log.info({}, `${this.what} are refreshed again`);
    this.failing = error !== undefined;
  }
}
