import type { JobQueue } from '@touchmark/jobs';
import { type Database, forgetIdempotencyKeys, forgetRefusals } from '@touchmark/store';
import { SweepProjection } from './projection/sweep-projection.js';

const QUEUE = 'enrollment-clock';
/** Seconds for which it can be said why an enrolment was refused. */
const REFUSALS_KEPT = 90 * 86_400;

/** The enrollment process's jobs, all asked for by the clock: the sweep, and forgetting what is past its time. */
export async function startEnrollmentJobs(queue: JobQueue, db: Database, now: () => number): Promise<void> {
  const sweep = new SweepProjection(db);
  const jobs = new Map<string, () => Promise<unknown>>([
    ['sweep-projection', () => sweep.run()],
    ['forget-idempotency-keys', () => forgetIdempotencyKeys(db, now())],
    ['forget-refusals', () => forgetRefusals(db, now() - REFUSALS_KEPT)],
  ]);
  await queue.work(
    QUEUE,
    async (_payload, { key }) => {
      await jobs.get(key)?.();
    },
    { concurrency: 1 },
  );
  await queue.schedule(QUEUE, 'sweep-projection', 60, {});
  await queue.schedule(QUEUE, 'forget-idempotency-keys', 3600, {});
  await queue.schedule(QUEUE, 'forget-refusals', 3600, {});
}
