import {
  type BackendFactory,
  createPostgresBackend,
  createRedisBackend,
  type IQueueBackend,
  type Job,
  type JobSchedulerTemplateOptions,
  type JobsOptions,
  PostgresConnection,
  type PostgresPoolConfig,
  type RedisOptions,
  withBackend,
} from 'bullmq';
import type { JobPayload } from './job-queue.js';

/** The part of BullMQ's Queue that we use, the same whatever lies below. */
export interface BullQueue {
  addBulk(jobs: { name: string; data: JobPayload; opts: JobsOptions }[]): Promise<unknown>;
  upsertJobScheduler(
    id: string,
    repeat: { every: number },
    template: { name: string; data: JobPayload; opts: JobSchedulerTemplateOptions },
  ): Promise<unknown>;
  getJobCounts(...types: ('waiting' | 'active' | 'delayed' | 'failed')[]): Promise<Record<string, number>>;
  getFailed(start: number, end: number): Promise<Pick<Job<JobPayload, void>, 'name' | 'data' | 'remove'>[]>;
  waitUntilReady(): Promise<unknown>;
  close(): Promise<void>;
}

export type BullJob = Pick<Job<JobPayload, void>, 'name' | 'data' | 'attemptsMade' | 'opts' | 'repeatJobKey'>;

export interface BullWorker {
  waitUntilReady(): Promise<unknown>;
  close(force?: boolean): Promise<void>;
}

export interface BullWorkerOptions {
  readonly concurrency: number;
  /** Milliseconds before the next try; `attemptsMade` counts the failed ones. */
  readonly backoff: (attemptsMade: number) => number;
}

export interface BullBackend {
  openQueue(name: string, onError: (error: Error) => void): BullQueue;
  openWorker(
    name: string,
    process: (job: BullJob) => Promise<void>,
    options: BullWorkerOptions,
    onError: (error: Error) => void,
  ): BullWorker;
}

const schema = 'bullmq';
// each queue and each worker has a pool of its own, and one connection more that listens
const poolSize = 3;

export function postgresBackend(url: string): BullBackend {
  const connection = postgresConnection(url, poolSize);
  return bind(createPostgresBackend, connection, connection);
}

export function redisBackend(url: string): BullBackend {
  // who adds must hear soon that Redis is away; who works waits for it to come back
  return bind<IQueueBackend, RedisOptions>(
    createRedisBackend,
    { url, maxRetriesPerRequest: 1, connectTimeout: 5_000 },
    { url, maxRetriesPerRequest: null, connectTimeout: 5_000 },
  );
}

/**
 * Creates or updates the schema `bullmq` as the owner role. Several processes may call it at once.
 *
 * BullMQ makes a sequence with a queue's first job; the roles that serve may make none, so the owner does it for each queue that
 * it is told of.
 */
export async function migratePostgresBackend(url: string, queues: readonly string[]): Promise<void> {
  const connection = new PostgresConnection({ ...postgresConnection(url, 1), migrate: true });
  try {
    await connection.waitUntilReady();
    await connection.pool.query(
      `SELECT ${schema}.next_job_id(queue) FROM unnest($1::text[]) AS queue
        WHERE to_regclass(format('%I.%I', '${schema}', ${schema}.job_id_seq_name(queue))) IS NULL`,
      [[...queues]],
    );
  } finally {
    await connection.close();
  }
}

function postgresConnection(url: string, max: number): PostgresPoolConfig {
  return {
    connectionString: url,
    schema,
    max,
    application_name: 'touchmark jobs',
    keepAlive: true,
    connectionTimeoutMillis: 5_000,
    query_timeout: 30_000,
  };
}

function bind<B extends IQueueBackend, C>(factory: BackendFactory<B, C>, adding: C, working: C): BullBackend {
  const { Queue, Worker } = withBackend(factory);
  // a key prefix in Redis, next to whatever else is there
  const prefix = 'touchmark';
  return {
    openQueue(name, onError) {
      const queue = new Queue<JobPayload, void>(name, {
        connection: adding,
        prefix,
        // nobody reads the event log
        streams: { events: { maxLen: 100 } },
      });
      queue.on('error', onError);
      return queue;
    },
    openWorker(name, process, { concurrency, backoff }, onError) {
      const worker = new Worker<JobPayload, void>(name, process, {
        connection: working,
        prefix,
        concurrency,
        // how long a killed worker's job holds up those with the same key
        lockDuration: 10_000,
        stalledInterval: 5_000,
        // a stalled job is one whose process died; it is not the job's fault
        maxStalledCount: 10,
        settings: { backoffStrategy: backoff },
      });
      worker.on('error', onError);
      return worker;
    },
  };
}
