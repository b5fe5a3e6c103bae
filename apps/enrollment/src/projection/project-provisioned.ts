import type { DeviceIdentity } from '@touchmark/ca-port';
import { insertDeviceEvents, insertDevices, type Transaction } from '@touchmark/store';
import { followSubjects } from './follow-subjects.js';

/** A device whose certificate the CA has just issued on a batch. */
export interface ProvisionedDevice extends DeviceIdentity {
  readonly deviceRef: string;
  readonly generation: number;
  /** The certificate had been issued before. */
  readonly repeated: boolean;
  readonly batchId: string;
  readonly policyId: string;
}

/**
 * Writes a chunk of a batch into the registry. New devices, nearly all, cost two statements for the whole chunk; for those
 * that may have a history the CA's rows are read.
 */
export async function projectProvisioned(
  tx: Transaction,
  devices: readonly ProvisionedDevice[],
  actor: string,
): Promise<void> {
  const fresh = devices.filter(({ repeated, generation }) => !repeated && generation === 1);
  const inserted = await insertDevices(
    tx,
    fresh.map(({ repeated: _repeated, ...device }) => ({ ...device, state: 'provisioned' })),
  );
  await insertDeviceEvents(
    tx,
    fresh
      .filter(({ deviceRef }) => inserted.has(deviceRef))
      .map(({ deviceRef, batchId }) => ({
        deviceRef,
        event: 'provision',
        fromState: null,
        toState: 'provisioned',
        actor,
        detail: { batch: batchId },
      })),
  );
  const others = devices.filter(({ deviceRef }) => !inserted.has(deviceRef));
  if (others.length === 0) return;
  await followSubjects(
    tx,
    others.map(({ deviceRef, batchId, policyId, repeated }) => ({
      deviceRef,
      ...(!repeated && { event: 'issue' as const }),
      actor,
      detail: { batch: batchId },
      batchId,
      policyId,
    })),
  );
}
