import type { JobQueue } from '@touchmark/jobs';
import { type Database, forgetIdempotencyKeys } from '@touchmark/store';
import { SweepProjection } from './projection/sweep-projection.js';

const QUEUE = 'enrollment-clock';

/** The enrollment process's jobs, all asked for by the clock: the sweep, and forgetting Idempotency-Keys past their time. */
export async function startEnrollmentJobs(queue: JobQueue, db: Database, now: () => number): Promise<void> {
  const sweep = new SweepProjection(db);
  await queue.work(
    QUEUE,
    async (_payload, { key }) => {
      if (key === 'sweep-projection') await sweep.run();
      else await forgetIdempotencyKeys(db, now());
    },
    { concurrency: 1 },
  );
  await queue.schedule(QUEUE, 'sweep-projection', 60, {});
  await queue.schedule(QUEUE, 'forget-idempotency-keys', 3600, {});
}
