import type { ServiceClient } from './service-client.js';

export interface SeenDevice {
  /** DER. */
  readonly certificate: Uint8Array;
  readonly sha256: Uint8Array;
  /** UTC seconds. */
  readonly at: number;
  /** Network address. */
  readonly source: string;
}

export interface SightingsReporterOptions {
  readonly service: Pick<ServiceClient, 'post'>;
  /** Milliseconds between reports. */
  readonly interval: number;
  readonly onReported: (count: number) => void;
  readonly onDropped: (count: number) => void;
  /** A report that failed; what was in it is sent again. */
  readonly onError: (error: unknown) => void;
}

const AT_ONCE = 500;
/** Certificates that wait while the service is away; then the oldest go. They come again with their devices. */
const MAX_WAITING = 50_000;

/** Collects which certificates were let in, the last time of each, and reports them in batches until the service has them. */
export class SightingsReporter {
  private readonly options: SightingsReporterOptions;
  private readonly waiting = new Map<string, SeenDevice>();
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;

  constructor(options: SightingsReporterOptions) {
    this.options = options;
  }

  get size(): number {
    return this.waiting.size;
  }

  note(seen: SeenDevice): void {
    const key = Buffer.from(seen.sha256).toString('latin1');
    // as the newest of all: the oldest go first, where some must
    this.waiting.delete(key);
    this.waiting.set(key, seen);
    if (this.waiting.size > MAX_WAITING) this.drop();
  }

  start(): void {
    this.timer ??= setInterval(() => void this.report(), this.options.interval).unref();
  }

  /** Sends all that waits, once; what fails waits on. */
  report(): Promise<void> {
    this.running ??= this.sendAll().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  /** Reports a last time. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
    await this.report();
  }

  private async sendAll(): Promise<void> {
    let batch = this.take();
    try {
      while (batch.length > 0) {
        await this.send(batch.map(([, seen]) => seen));
        this.options.onReported(batch.length);
        batch = this.take();
      }
    } catch (error) {
      this.putBack(batch);
      this.options.onError(error);
    }
  }

  private take(): [string, SeenDevice][] {
    const batch: [string, SeenDevice][] = [];
    for (const entry of this.waiting) {
      if (batch.push(entry) === AT_ONCE) break;
    }
    for (const [key] of batch) this.waiting.delete(key);
    return batch;
  }

  /** What was noted meanwhile is newer. */
  private putBack(batch: readonly [string, SeenDevice][]): void {
    for (const [key, seen] of batch) if (!this.waiting.has(key)) this.waiting.set(key, seen);
    while (this.waiting.size > MAX_WAITING) this.drop();
  }

  private drop(): void {
    const [oldest] = this.waiting.keys();
    if (oldest === undefined) return;
    this.waiting.delete(oldest);
    this.options.onDropped(1);
  }

  private async send(seen: readonly SeenDevice[]): Promise<void> {
    const sightings = seen.map(({ certificate, at, source }) => ({
      certificate: Buffer.from(certificate).toString('base64'),
      at,
      source,
    }));
    const { status } = await this.options.service.post('/v1/gateways/self/sightings', { sightings });
    if (status !== 200) throw new Error(`the service answered sightings with ${status}`);
  }
}
