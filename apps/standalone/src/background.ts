import { BullmqQueue, type JobQueue, type JobsError, OutboxRelay } from '@touchmark/jobs';
import type { Database, RoleUrls } from '@touchmark/store';
import type { Ca } from '../../ca/src/ca.js';
import { startCaJobs } from '../../ca/src/ca-jobs.js';
import { startEnrollmentJobs } from '../../enrollment/src/enrollment-jobs.js';

export interface BackgroundOptions {
  readonly databaseUrls: RoleUrls;
  readonly redisUrl?: string | undefined;
  readonly caDb: Database;
  readonly ca: Ca;
  readonly enrollmentDb: Database;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

export interface Background {
  /** The CA's queue. */
  readonly queue: JobQueue;
  stop(): Promise<void>;
}

/** Everything that runs without being asked: the relay of the outbox, and the workers of the queue. */
export async function startBackground(options: BackgroundOptions): Promise<Background> {
  const { databaseUrls, redisUrl, caDb, enrollmentDb, ca, now, onError } = options;
  const report = rateLimited(onError);
  const open = (databaseUrl: string): BullmqQueue =>
    new BullmqQueue({ databaseUrl, ...(redisUrl !== undefined && { redisUrl }), onError: report });
  const queue = open(databaseUrls.ca);
  const enrollmentQueue = open(databaseUrls.enrollment);
  await startCaJobs(queue, ca);
  await startEnrollmentJobs(enrollmentQueue, enrollmentDb, now);
  const relay = await OutboxRelay.start({ database: caDb, queue, onError });
  return {
    queue,
    async stop() {
      await relay.stop();
      await Promise.all([queue.close(), enrollmentQueue.close()]);
    },
  };
}

const QUIET_LOSSES = 100;

/** A database that is away is reported at the first lost connection and then at every hundredth, not ten times a second. */
function rateLimited(onError: (error: unknown) => void): (error: JobsError) => void {
  let losses = 0;
  return (error) => {
    if (error.code !== 'JOBS_CONNECTION') onError(error);
    else if (losses++ % QUIET_LOSSES === 0) onError(error);
  };
}
