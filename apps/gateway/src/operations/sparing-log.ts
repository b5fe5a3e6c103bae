import type { Logger } from 'pino';

const SECOND = 1_000;

/** What anybody on the network can cause must not fill the log: of each kind one line at once, and one a second with how many more. */
export class SparingLog {
  private readonly logger: Pick<Logger, 'info'>;
  private readonly more = new Map<string, number>();

  constructor(logger: Pick<Logger, 'info'>) {
    this.logger = logger;
  }

  info(kind: string, fields: object, message: string): void {
    const more = this.more.get(kind);
    if (more !== undefined) {
      this.more.set(kind, more + 1);
      return;
    }
    this.logger.info(fields, message);
    this.begin(kind, message);
  }

  private begin(kind: string, message: string): void {
    this.more.set(kind, 0);
    setTimeout(() => {
      const more = this.more.get(kind) ?? 0;
      this.more.delete(kind);
      if (more === 0) return;
      this.logger.info({ kind, more }, message);
      this.begin(kind, message);
    }, SECOND).unref();
  }
}
