import { isIP } from 'node:net';
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

type Batch = readonly (readonly [string, SeenDevice])[];

export interface SightingsReporterOptions {
  readonly service: Pick<ServiceClient, 'post'>;
  /** Milliseconds between reports. */
  readonly interval: number;
  readonly onReported: (count: number) => void;
  readonly onDropped: (count: number) => void;
  /** A report that failed; what was in it is sent again, but for what the service will never take. */
  readonly onError: (error: unknown) => void;
}

const AT_ONCE = 500;
/** Octets of a report, under the 1 MiB that the service takes; beside each certificate stand time, address and names of members. */
const MAX_OCTETS = 900_000;
const BESIDE = 160;
/** RFC 4291 section 2.5.2: the absence of an address. */
const NO_ADDRESS = '::';
/** Of one that the service will never take. */
const UNACCEPTABLE = new Set([400, 413]);
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
    const left: Batch[] = [];
    try {
      for (let batch = this.take(); batch.length > 0; batch = left.pop() ?? this.take()) {
        left.push(batch);
        const status = await this.send(batch);
        left.pop();
        if (status === 200) this.options.onReported(batch.length);
        // one of them it is that the service cannot take: the others must not wait for it
        else if (batch.length > 1) left.push(batch.slice(batch.length / 2), batch.slice(0, batch.length / 2));
        else this.giveUp(status);
      }
    } catch (error) {
      for (const batch of left) this.putBack(batch);
      this.options.onError(error);
    }
  }

  private giveUp(status: number): void {
    this.options.onDropped(1);
    this.options.onError(new Error(`the service answered one sighting with ${status}: it is left out`));
  }

  private take(): Batch {
    const batch: [string, SeenDevice][] = [];
    let octets = 0;
    for (const [key, seen] of this.waiting) {
      octets += Math.ceil(seen.certificate.length / 3) * 4 + BESIDE;
      if (batch.length > 0 && octets > MAX_OCTETS) break;
      if (batch.push([key, seen]) === AT_ONCE) break;
    }
    for (const [key] of batch) this.waiting.delete(key);
    return batch;
  }

  /** What was noted meanwhile is newer. */
  private putBack(batch: Batch): void {
    for (const [key, seen] of batch) if (!this.waiting.has(key)) this.waiting.set(key, seen);
    while (this.waiting.size > MAX_WAITING) this.drop();
  }

  private drop(): void {
    const [oldest] = this.waiting.keys();
    if (oldest === undefined) return;
    this.waiting.delete(oldest);
    this.options.onDropped(1);
  }

  /** Resolves with 200, or with why the service will never take it as it is. */
  private async send(batch: Batch): Promise<number> {
    const sightings = batch.map(([, { certificate, at, source }]) => ({
      certificate: Buffer.from(certificate).toString('base64'),
      at,
      source: isIP(source) === 0 ? NO_ADDRESS : source,
    }));
    const { status } = await this.options.service.post('/v1/gateways/self/sightings', { sightings });
    if (status !== 200 && !UNACCEPTABLE.has(status)) throw new Error(`the service answered sightings with ${status}`);
    return status;
  }
}
