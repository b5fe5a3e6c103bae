import type { StatusChange, StatusOutcome } from '@touchmark/ca-port';
import type { DeviceRecord, DeviceUpdate } from '@touchmark/store';
import { describe, expect, it } from 'vitest';
import type { DeviceHappening } from '../projection/device-happening.js';
import { ChangeCertificateStatus } from './change-certificate-status.js';
import { ChangeDeviceStatus } from './change-device-status.js';

const deviceRef = '018f0000-0000-8000-8000-000000000001';
const device: DeviceRecord = {
  deviceRef,
  realm: 'devices.test',
  model: 'sensor',
  deviceSerial: 'A',
  state: 'active',
  generation: 1,
  batchId: null,
  policyId: null,
  lastSeenAt: null,
  createdAt: 0,
  changedAt: 0,
};

/** What was done, in its order. */
function world(outcome: StatusOutcome) {
  const done: string[] = [];
  const changes: StatusChange[] = [];
  const happenings: DeviceHappening[] = [];
  return {
    done,
    changes,
    happenings,
    ca: {
      changeStatus: async (asked: readonly StatusChange[]) => {
        done.push('ca');
        changes.push(...asked);
        return [outcome];
      },
    },
    devices: { get: async () => device },
    projection: {
      follow: async (one: readonly DeviceHappening[]) => {
        done.push('registry');
        happenings.push(...one);
        return new Map<string, DeviceUpdate>([[deviceRef, { ...device, state: 'suspended' }]]);
      },
    },
  };
}

const changed: StatusOutcome = { ok: true, position: { epoch: 2, sequence: 9 }, seatsChanged: 1 };
const refused: StatusOutcome = { ok: false, code: 'ALREADY_REVOKED', detail: 'it is' };

describe('ChangeDeviceStatus', () => {
  it('asks the CA first, writes the registry then, and answers the position', async () => {
    const { ca, devices, projection, ...seen } = world(changed);
    const answer = await new ChangeDeviceStatus(ca, devices, projection).run(
      deviceRef,
      { act: 'suspend', cause: 'audit' },
      'ann',
    );
    expect(seen.done).toEqual(['ca', 'registry']);
    expect(seen.changes).toEqual([
      {
        act: 'suspend',
        cause: 'audit',
        target: { kind: 'device', identity: expect.objectContaining({ deviceSerial: 'A' }) },
      },
    ]);
    expect(seen.happenings).toEqual([
      { deviceRef, event: 'suspend', actor: 'ann', detail: { cause: 'audit', epoch: 2, sequence: 9 } },
    ]);
    expect(answer).toEqual({ position: { epoch: 2, sequence: 9 }, seatsChanged: 1, deviceRef, state: 'suspended' });
  });

  it('writes nothing when the CA refuses', async () => {
    const { ca, devices, projection, done } = world(refused);
    const running = new ChangeDeviceStatus(ca, devices, projection).run(deviceRef, { act: 'retire' }, 'ann');
    await expect(running).rejects.toMatchObject({ code: 'ALREADY_REVOKED' });
    expect(done).toEqual(['ca']);
  });
});

describe('ChangeCertificateStatus', () => {
  it('shows in the history of the device, whose state may follow', async () => {
    const { ca, projection, happenings } = world(changed);
    const owners = { deviceOf: async () => deviceRef };
    const serialNumber = Uint8Array.of(0x54, 1);
    const act = { act: 'revoke', reason: 'keyCompromise' } as const;
    const answer = await new ChangeCertificateStatus(ca, owners, projection).run(serialNumber, act, 'ann');
    expect(happenings).toMatchObject([{ deviceRef, event: 'certificate-revoke', detail: { serialNumber: '5401' } }]);
    expect(answer.state).toBe('suspended');
  });

  it('answers for a certificate that is not a device’s without touching the registry', async () => {
    const { ca, projection, done } = world(changed);
    const owners = { deviceOf: async () => undefined };
    const act = { act: 'revoke', reason: 'superseded' } as const;
    const answer = await new ChangeCertificateStatus(ca, owners, projection).run(Uint8Array.of(1), act, 'ann');
    expect(answer).toMatchObject({ deviceRef: null, state: null });
    expect(done).toEqual(['ca']);
  });
});
