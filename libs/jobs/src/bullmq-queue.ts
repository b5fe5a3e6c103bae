import { type JobsOptions, SchemaMigrationRequiredError, SchemaVersionMismatchError } from 'bullmq';
import {
  type BullBackend,
  type BullJob,
  type BullQueue,
  type BullWorker,
  migratePostgresBackend,
  postgresBackend,
  redisBackend,
} from './bullmq-backend.js';
import type { JobCounts, JobHandler, JobInput, JobPayload, JobQueue, Worker, WorkOptions } from './job-queue.js';
import { JobsError } from './jobs-error.js';

export interface BullmqQueueOptions {
  /** Jobs live here, in the schema `bullmq`, unless there is a Redis. Not through a pooler in transaction mode. */
  readonly databaseUrl: string;
  /** A Redis 6.2 or later that persists (`appendonly yes`) and never evicts (`maxmemory-policy noeviction`). */
  readonly redisUrl?: string;
  /** Hears of failed jobs and of connections that broke and will be restored. Must not throw. */
  readonly onError: (error: JobsError) => void;
  readonly retry?: RetryPolicy;
}

export interface RetryPolicy {
  /** How often a job is tried in all. */
  readonly attempts: number;
  /** Doubles with each failure, up to `maxDelaySeconds`. */
  readonly firstDelaySeconds: number;
  readonly maxDelaySeconds: number;
}

// about a quarter of an hour in all; the ceiling is also how long a new change of a failing key may wait
const defaultRetry: RetryPolicy = { attempts: 20, firstDelaySeconds: 0.5, maxDelaySeconds: 60 };
const keptFailures = 10_000;
const answerMilliseconds = 10_000;

/**
 * Every queue there is. In PostgreSQL a role that may not change the schema can use these and no other: the owner makes what each
 * of them needs.
 */
export const queueNames = ['crl', 'enrollment-clock'] as const;

/** Creates or updates, as the owner, what the PostgreSQL backend needs. Rejects with a JobsError; concurrent calls are ordered. */
export async function migrateJobs(databaseUrl: string): Promise<void> {
  try {
    await migratePostgresBackend(databaseUrl, queueNames);
  } catch (error) {
    throw toJobsError(error, {});
  }
}

/** Jobs on BullMQ: in Redis when there is one, else in PostgreSQL. */
export class BullmqQueue implements JobQueue {
  private readonly backend: BullBackend;
  private readonly onError: (error: JobsError) => void;
  private readonly retry: RetryPolicy;
  private readonly queues = new Map<string, Promise<BullQueue>>();
  private readonly workers = new Set<Worker>();
  private closing: Promise<void> | undefined;
  private closed = false;

  constructor(options: BullmqQueueOptions) {
    this.backend =
      options.redisUrl === undefined ? postgresBackend(options.databaseUrl) : redisBackend(options.redisUrl);
    this.onError = options.onError;
    this.retry = options.retry ?? defaultRetry;
  }

  async add(queue: string, jobs: readonly JobInput[]): Promise<void> {
    checkQueueName(queue);
    const byKey = new Map<string, JobInput>();
    for (const job of jobs) byKey.set(checkKey(job.key), job);
    if (byKey.size === 0) return;
    const bulk = [...byKey.values()].map(({ key, payload }) => ({
      name: key,
      data: payload,
      opts: this.jobOptions(key),
    }));
    await this.ask(queue, (q) => q.addBulk(bulk));
  }

  async work(queue: string, handler: JobHandler, { concurrency }: WorkOptions): Promise<Worker> {
    checkQueueName(queue);
    if (this.closing !== undefined) throw new JobsError('JOBS_CLOSED', { queue });
    const bull = this.backend.openWorker(
      queue,
      (job) => this.process(queue, handler, job),
      { concurrency, backoff: (attemptsMade) => backoffMilliseconds(this.retry, attemptsMade) },
      this.reportConnection(queue),
    );
    const worker: Worker = {
      close: async () => {
        this.workers.delete(worker);
        await bull.close();
      },
    };
    this.workers.add(worker);
    try {
      await answerOf(bull.waitUntilReady());
    } catch (error) {
      this.workers.delete(worker);
      abandon(bull);
      throw toJobsError(error, { queue });
    }
    return worker;
  }

  async schedule(queue: string, key: string, everySeconds: number, payload: JobPayload): Promise<void> {
    checkQueueName(queue);
    checkKey(key);
    if (!(everySeconds >= 1)) throw new TypeError('everySeconds must be at least 1');
    await this.ask(queue, (q) =>
      q.upsertJobScheduler(
        key,
        { every: everySeconds * 1_000 },
        { name: key, data: payload, opts: { ...this.trialOptions(), removeOnComplete: true, removeOnFail: true } },
      ),
    );
  }

  async counts(queue: string): Promise<JobCounts> {
    checkQueueName(queue);
    const counts = await this.ask(queue, (q) => q.getJobCounts('waiting', 'active', 'delayed', 'failed'));
    const { waiting = 0, active = 0, delayed = 0, failed = 0 } = counts;
    return { waiting, active, delayed, failed };
  }

  async retryFailed(queue: string): Promise<void> {
    checkQueueName(queue);
    // added as new ones, so that they coalesce with what waits; what fails again meanwhile is not in this list
    const failed = await this.ask(queue, (q) => q.getFailed(0, keptFailures - 1));
    await this.add(
      queue,
      failed.map(({ name, data }) => ({ key: name, payload: data })),
    );
    for (const job of failed) await this.ask(queue, () => job.remove());
  }

  close(): Promise<void> {
    this.closing ??= this.finish();
    return this.closing;
  }

  // the jobs that still run may add others
  private async finish(): Promise<void> {
    await Promise.all([...this.workers].map((worker) => worker.close()));
    this.closed = true;
    const queues = [...this.queues.values()];
    this.queues.clear();
    await Promise.all(queues.map(async (opening) => (await opening.catch(() => undefined))?.close()));
  }

  private jobOptions(key: string): JobsOptions {
    return {
      ...this.trialOptions(),
      // a job added while its key runs is put aside and enqueued when that run ends, however it ends
      deduplication: { id: key, keepLastIfActive: true },
      removeOnComplete: true,
      removeOnFail: { count: keptFailures },
    };
  }

  private trialOptions(): Pick<JobsOptions, 'attempts' | 'backoff' | 'stackTraceLimit'> {
    return { attempts: this.retry.attempts, backoff: { type: 'custom' }, stackTraceLimit: 0 };
  }

  private async process(queue: string, handler: JobHandler, bull: BullJob): Promise<void> {
    const key = bull.name;
    // a tick of the schedule only adds the job, so that it coalesces and retries like any other
    if (bull.repeatJobKey !== undefined) return this.add(queue, [{ key, payload: bull.data }]);

    const attempt = bull.attemptsMade + 1;
    const lastAttempt = attempt >= (bull.opts.attempts ?? 1);
    try {
      await handler(bull.data, { queue, key, attempt, lastAttempt });
    } catch (error) {
      this.onError(new JobsError(lastAttempt ? 'JOB_EXHAUSTED' : 'JOB_FAILED', { queue, key, attempt }, error));
      // BullMQ stores the message of what is thrown, and a message may carry what must not lie around
      throw new Error(reasonOf(error), { cause: error });
    }
  }

  private async ask<T>(queue: string, question: (bull: BullQueue) => Promise<T>): Promise<T> {
    this.checkOpen(queue);
    try {
      return await answerOf(this.openQueue(queue).then(question));
    } catch (error) {
      throw toJobsError(error, { queue });
    }
  }

  // BullMQ's queue remembers for ever that its first connection failed, so such a queue is thrown away
  private openQueue(name: string): Promise<BullQueue> {
    const known = this.queues.get(name);
    if (known !== undefined) return known;
    const bull = this.backend.openQueue(name, this.reportConnection(name));
    const opening = answerOf(bull.waitUntilReady()).then(
      () => bull,
      (error: unknown) => {
        this.queues.delete(name);
        abandon(bull);
        throw error;
      },
    );
    this.queues.set(name, opening);
    return opening;
  }

  private reportConnection(queue: string): (error: Error) => void {
    return (error) => {
      if (this.closing === undefined) this.onError(new JobsError('JOBS_CONNECTION', { queue }, error));
    };
  }

  private checkOpen(queue: string): void {
    if (this.closed) throw new JobsError('JOBS_CLOSED', { queue });
  }
}

/** Milliseconds to wait after the `attemptsMade`-th failure, counted from 1. */
export function backoffMilliseconds(retry: RetryPolicy, attemptsMade: number): number {
  const doubled = retry.firstDelaySeconds * 2 ** Math.min(attemptsMade - 1, 30);
  return Math.ceil(Math.min(doubled, retry.maxDelaySeconds) * 1_000);
}

/** What may be stored about a failure: its code, or its class. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'Error';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

function checkQueueName(queue: string): void {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(queue))
    throw new TypeError('a queue is named by lower-case words and hyphens');
}

function checkKey(key: string): string {
  if (key.length === 0 || key.length > 200) throw new TypeError('a job key has 1 to 200 characters');
  return key;
}

function toJobsError(error: unknown, context: { queue?: string }): JobsError {
  if (error instanceof JobsError) return error;
  const unmigrated = error instanceof SchemaMigrationRequiredError || error instanceof SchemaVersionMismatchError;
  return new JobsError(unmigrated ? 'JOBS_NOT_MIGRATED' : 'JOBS_UNAVAILABLE', context, error);
}

// a client whose server is away may keep its commands until it is back; the caller shall not wait for that
async function answerOf<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new JobsError('JOBS_UNAVAILABLE')), answerMilliseconds);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

function abandon(bull: BullQueue | BullWorker): void {
  bull.close().catch(() => undefined);
}
