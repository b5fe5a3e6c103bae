import type { JobQueue } from '@touchmark/jobs';
import type { Ca } from './ca.js';

/**
 * The CA's jobs. `crl`: a list's CRL, asked for by the outbox of a change (one job a list, however many changes wait), and by
 * the clock when it is due. `ca-clock`: what the clock asks for.
 */
export async function startCaJobs(queue: JobQueue, ca: Ca): Promise<void> {
  await ca.refreshCrl.catchUp();
  await queue.work('crl', ({ listId }) => ca.refreshCrl.run(Number(listId)), { concurrency: 2 });
  await queue.work(
    'ca-clock',
    async (_payload, { key }) => {
      if (key === 'crls-due') await ca.refreshCrl.enqueueDue();
      else await ca.statusLists.openAhead();
    },
    { concurrency: 1 },
  );
  await queue.schedule('ca-clock', 'crls-due', 60, {});
  await queue.schedule('ca-clock', 'lists-ahead', 600, {});
}
