import type { RefreshCrl } from './refresh-crl.js';

/** How long a CRL can lack a change whose job was lost, or was taken out of the queue by another process that works with it. */
const LOOK_MILLISECONDS = 15_000;

/**
 * Makes CRLs and tokens that are due, by their age or because they lack a change, for as long as it runs. The jobs of changes are
 * faster; this one depends on nobody but the CA and its tables.
 */
export class CrlUpkeep {
  private readonly refresh: Pick<RefreshCrl, 'makeDue'>;
  private readonly onError: (error: unknown) => void;
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private again = false;

  constructor(refresh: Pick<RefreshCrl, 'makeDue'>, onError: (error: unknown) => void) {
    this.refresh = refresh;
    this.onError = onError;
  }

  /** Looks now, and then again and again. */
  start(): void {
    this.timer ??= setInterval(() => this.wake(), LOOK_MILLISECONDS).unref();
    this.wake();
  }

  /** Looks now, once more where that has begun already. Nothing before `start` and after `stop`. */
  wake(): void {
    if (this.timer === undefined) return;
    this.again = true;
    this.running ??= this.look().finally(() => {
      this.running = undefined;
    });
  }

  /** Waits for what is being made. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.timer = undefined;
    this.again = false;
    await this.running;
  }

  private async look(): Promise<void> {
    while (this.again) {
      this.again = false;
      try {
        await this.refresh.makeDue();
      } catch (error) {
        this.onError(error);
      }
    }
  }
}
