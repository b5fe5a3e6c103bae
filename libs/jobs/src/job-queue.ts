/** What a job carries: ids, never secrets, never data that may have changed by the time it runs. */
export type JobPayload = Record<string, string | number>;

export interface JobInput {
  /** Names the work, not the change: the same key must always mean the same payload. 1 to 200 characters. */
  readonly key: string;
  readonly payload: JobPayload;
}

export interface Job {
  readonly queue: string;
  readonly key: string;
  /** 1 for the first try. */
  readonly attempt: number;
  readonly lastAttempt: boolean;
}

/** Must be idempotent: after a crash or a lost connection the same job runs again. A rejection means: retry later. */
export type JobHandler = (payload: JobPayload, job: Job) => Promise<void>;

export interface WorkOptions {
  /** How many jobs of the queue this worker runs at the same time; never two of one key (unless a process stalls). */
  readonly concurrency: number;
}

export interface Worker {
  /** Takes no more jobs and waits for those that run. */
  close(): Promise<void>;
}

export interface JobCounts {
  readonly waiting: number;
  readonly active: number;
  /** Waiting for a retry, or scheduled. */
  readonly delayed: number;
  /** Gave up after the last attempt; kept until retried. */
  readonly failed: number;
}

/**
 * Work that outlives the request that caused it, at least once each. Jobs of one queue with the same key that wait at
 * the same time are one job; a job added while the handler of its key runs leads to one more run afterwards. So a
 * handler that reads the present state sees every change that was committed before its job was added.
 *
 * Queue names are lower-case words joined by hyphens. Every method rejects with a JobsError.
 */
export interface JobQueue {
  /** Adds all or, on rejection, an unknown part: add them again. */
  add(queue: string, jobs: readonly JobInput[]): Promise<void>;
  work(queue: string, handler: JobHandler, options: WorkOptions): Promise<Worker>;
  /**
   * Adds the job every `everySeconds`, the first time now. Every process may ask at each start: what is scheduled already
   * under that queue and key keeps its beat, unless the interval changed. A worker of that queue must run.
   */
  schedule(queue: string, key: string, everySeconds: number, payload: JobPayload): Promise<void>;
  counts(queue: string): Promise<JobCounts>;
  /** Adds the jobs that gave up once more, with all their attempts. */
  retryFailed(queue: string): Promise<void>;
  /** Closes its workers first; the jobs that still run may add others until they end. */
  close(): Promise<void>;
}
