import { type Database, insertRefusals, retryConflicts } from '@touchmark/store';
import { projectProvisioned } from '../projection/project-provisioned.js';
import type { RefusalQuota } from '../refusal-quota.js';
import type { ProvisioningRecord } from './provision-chunk.js';

/** The registry, for the stream of a batch. */
export function provisioningRecord(db: Database, quota: Pick<RefusalQuota, 'admit'>): ProvisioningRecord {
  return {
    write(provisioned, refusals, actor) {
      const kept = refusals.filter((refusal) => quota.admit(refusal));
      return retryConflicts(() =>
        db.transaction(async (tx) => {
          await projectProvisioned(tx, provisioned, actor);
          await insertRefusals(tx, kept);
        }),
      );
    },
  };
}
