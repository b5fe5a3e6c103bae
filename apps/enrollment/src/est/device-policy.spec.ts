import { deviceRefOf } from '@touchmark/ca-port';
import { describe, expect, it } from 'vitest';
import { DevicePolicy, type RegisteredDevice } from './device-policy.js';
import type { EnrollmentPolicy } from './enrollment-policy.js';

const identity = { realm: 'devices.local', model: 'sensor', deviceSerial: 'SN-1' };
const pseudonym = { ...identity, deviceSerial: 'c0ffee' };
const policy: EnrollmentPolicy = {
  id: 'policy',
  label: null,
  bootstrap: [],
  lifetime: 86_400,
  suspendOnFork: false,
  revokeReplaced: false,
  pseudonymous: false,
  keyAlgorithm: 'EC P-256',
  models: [],
};

function policyOf(named: typeof identity, devices: Record<string, RegisteredDevice>, owner?: string) {
  const lookup = new DevicePolicy({
    findDevice: (deviceRef) => Promise.resolve(devices[deviceRef]),
    certificateOwner: () => Promise.resolve(owner),
  });
  return lookup.of({ der: new Uint8Array(), serialNumber: Uint8Array.of(1), kind: 'ldevid', identity: named });
}

const ref = deviceRefOf(identity);

describe('DevicePolicy', () => {
  it('the device that the certificate names', async () => {
    expect(await policyOf(identity, { [ref]: { identity, policy } })).toEqual({ identity, policy });
  });

  it('a pseudonymous certificate: the device that the CA issued it to', async () => {
    expect(await policyOf(pseudonym, { [ref]: { identity, policy } }, ref)).toEqual({ identity, policy });
  });

  it('nobody: DEVICE_UNKNOWN; a device that never enrolled: POLICY_MISSING', async () => {
    await expect(policyOf(pseudonym, {}, undefined)).rejects.toMatchObject({ code: 'DEVICE_UNKNOWN' });
    await expect(policyOf(pseudonym, {}, ref)).rejects.toMatchObject({ code: 'DEVICE_UNKNOWN' });
    const bare = { [ref]: { identity, policy: undefined } };
    await expect(policyOf(identity, bare)).rejects.toMatchObject({ code: 'POLICY_MISSING' });
  });
});
