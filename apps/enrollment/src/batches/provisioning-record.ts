import { type Database, insertRefusals, retryConflicts } from '@touchmark/store';
import { projectProvisioned } from '../projection/project-provisioned.js';
import type { ProvisioningRecord } from './provision-chunk.js';

/** The registry, for the stream of a batch. */
export function provisioningRecord(db: Database): ProvisioningRecord {
  return {
    write: (provisioned, refusals, actor) =>
      retryConflicts(() =>
        db.transaction(async (tx) => {
          await projectProvisioned(tx, provisioned, actor);
          await insertRefusals(tx, refusals);
        }),
      ),
  };
}
