import type { JobQueue } from '@touchmark/jobs';
import type { Ca } from './ca.js';

/** The CA's jobs. `crl`: a list's CRL, asked for by the outbox of a change: one job a list, however many changes wait. */
export async function startCaJobs(queue: JobQueue, ca: Ca): Promise<void> {
  await queue.work('crl', ({ listId }) => ca.refreshCrl.run(Number(listId)), { concurrency: 2 });
}
