import { type Database, journalChannel } from '@touchmark/store';
import { type PublicationPorts, publishMoment } from './publication.js';
import { PublishSnapshot, type SnapshotSchedule } from './publish-snapshot.js';
import type { StatusSigner } from './status-key.js';

export interface StatusPublisherOptions extends SnapshotSchedule {
  readonly ports: PublicationPorts;
  readonly db: Pick<Database, 'listen'>;
  /** Hears of a failure once, and again when the reason changes; the publisher goes on. */
  readonly onError: (error: unknown) => void;
}

/** How long a lost notification can delay news, and how often it is asked whether a head is due. */
const POLL_MILLISECONDS = 1_000;
const LONGEST_BACKOFF_MILLISECONDS = 5_000;

/** After a round that found nothing new: anybody who may read the database can notify, and no role takes that right from them. */
const REST_MILLISECONDS = 20;

/**
 * Publishes status as long as it runs: batches and a head at every commit of the journal, heads by the clock, snapshots now and
 * then, and one with each new key, so that the newest is signed by a key that is in use. Any number may run on one database.
 */
export class StatusPublisher {
  private readonly options: StatusPublisherOptions;
  private readonly snapshots: PublishSnapshot;
  private snapshotSigner: StatusSigner | undefined;
  private subscription: { close(): Promise<void> } | undefined;
  private running: Promise<void> = Promise.resolve();
  private stopping = false;
  private notified = false;
  private resting = false;
  private last: { readonly epoch: number; readonly sequence: number } | undefined;
  private failing: string | undefined;
  private wake: (() => void) | undefined;

  private constructor(options: StatusPublisherOptions) {
    this.options = options;
    this.snapshots = new PublishSnapshot(options.ports, options);
  }

  /** Resolves after a first attempt; one that fails is repeated in the background. */
  static async start(options: StatusPublisherOptions): Promise<StatusPublisher> {
    const publisher = new StatusPublisher(options);
    publisher.subscription = await options.db.listen(journalChannel, () => publisher.notify());
    const attempted = Promise.withResolvers<void>();
    publisher.running = publisher.run(attempted.resolve);
    await attempted.promise;
    return publisher;
  }

  /** Finishes the round that runs, if any. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.wake?.();
    await this.subscription?.close();
    await this.running;
  }

  private notify(): void {
    this.notified = true;
    // while something is broken, a storm of changes must not become a storm of attempts
    if (this.failing === undefined && !this.resting) this.wake?.();
  }

  private async run(attempted: () => void): Promise<void> {
    let failures = 0;
    while (!this.stopping) {
      // before the round: what is notified during it may have come too late for it
      this.notified = false;
      try {
        const news = await this.round();
        failures = 0;
        this.failing = undefined;
        if (!news) await this.rest();
      } catch (error) {
        this.failed(error);
        failures += 1;
      }
      attempted();
      const backoff = Math.min(POLL_MILLISECONDS * Math.max(failures, 1), LONGEST_BACKOFF_MILLISECONDS);
      if (failures > 0 || !this.notified) await this.pause(backoff);
    }
  }

  /** Whether the journal has grown since the round before. */
  private async round(): Promise<boolean> {
    const published = await publishMoment(this.options.ports);
    const news = published.epoch !== this.last?.epoch || published.sequence !== this.last.sequence;
    this.last = published;
    if (this.snapshotSigner !== published.signer || this.snapshots.isDue(published))
      this.snapshotSigner = (await this.snapshots.run()).signer;
    return news;
  }

  private async rest(): Promise<void> {
    this.resting = true;
    await this.pause(REST_MILLISECONDS);
    this.resting = false;
  }

  private failed(error: unknown): void {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    if (reason !== this.failing) this.options.onError(error);
    this.failing = reason;
  }

  private async pause(milliseconds: number): Promise<void> {
    if (this.stopping) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wake = undefined;
  }
}
