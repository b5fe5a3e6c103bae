import { type Database, outboxChannel, type OutboxJob, takeOutbox } from '@touchmark/store';
import type { JobQueue } from './job-queue.js';

export interface OutboxRelayOptions {
  readonly database: Pick<Database, 'transaction' | 'listen'>;
  readonly queue: Pick<JobQueue, 'add'>;
  /** Hears of each failed round; the relay goes on. Must not throw. */
  readonly onError: (error: unknown) => void;
  /** How long a lost notification can delay a job. */
  readonly pollSeconds?: number;
}

const roundSize = 500;
const firstBackoffMilliseconds = 250;
const longestBackoffMilliseconds = 15_000;
/** After a round that found nothing: anybody who may read the database can notify. */
const restMilliseconds = 20;

/**
 * Hands the jobs of committed changes to the queue. A round takes rows, adds their jobs and commits the taking last: a
 * crash in between adds them twice and loses none. Any number of relays may run; they skip each other's rows.
 */
export class OutboxRelay {
  private readonly options: OutboxRelayOptions;
  private readonly pollMilliseconds: number;
  private subscription: { close(): Promise<void> } | undefined;
  private running: Promise<void> = Promise.resolve();
  private stopping = false;
  private notified = false;
  private backingOff = false;
  private wake: (() => void) | undefined;

  private constructor(options: OutboxRelayOptions) {
    this.options = options;
    this.pollMilliseconds = (options.pollSeconds ?? 5) * 1_000;
  }

  static async start(options: OutboxRelayOptions): Promise<OutboxRelay> {
    const relay = new OutboxRelay(options);
    relay.subscription = await options.database.listen(outboxChannel, () => relay.notify());
    relay.running = relay.run();
    return relay;
  }

  /** Finishes the round that runs, if any. Rows left over stay in the outbox. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.wake?.();
    await this.subscription?.close();
    await this.running;
  }

  private notify(): void {
    this.notified = true;
    // while something is broken, a storm of changes must not become a storm of attempts
    if (!this.backingOff) this.wake?.();
  }

  private async run(): Promise<void> {
    let failures = 0;
    while (!this.stopping) {
      // before the round: what is notified during it may have come too late for it
      this.notified = false;
      try {
        const moved = await this.round();
        failures = 0;
        if (moved === 0) await this.pauseUnwoken(restMilliseconds);
        if (moved < roundSize && !this.notified) await this.pause(this.pollMilliseconds);
      } catch (error) {
        this.options.onError(error);
        await this.pauseUnwoken(
          Math.min(firstBackoffMilliseconds * 2 ** Math.min(failures++, 10), longestBackoffMilliseconds),
        );
      }
    }
  }

  private async round(): Promise<number> {
    return this.options.database.transaction(async (tx) => {
      const jobs = await takeOutbox(tx, roundSize);
      for (const [queue, ofQueue] of byQueue(jobs)) await this.options.queue.add(queue, ofQueue);
      return jobs.length;
    });
  }

  private async pauseUnwoken(milliseconds: number): Promise<void> {
    this.backingOff = true;
    await this.pause(milliseconds);
    this.backingOff = false;
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

function byQueue(jobs: readonly OutboxJob[]): Map<string, OutboxJob[]> {
  const groups = new Map<string, OutboxJob[]>();
  for (const job of jobs) {
    const group = groups.get(job.queue);
    if (group === undefined) groups.set(job.queue, [job]);
    else group.push(job);
  }
  return groups;
}
