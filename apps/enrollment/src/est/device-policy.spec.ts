import { deviceRefOf } from '@touchmark/ca-port';
import { describe, expect, it } from 'vitest';
import { type CertificateHolder, DevicePolicy } from './device-policy.js';
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

/** Books with one certificate in them. */
function policyOf(named: typeof identity, holder: CertificateHolder | undefined) {
  const isIt = (serialNumber: Uint8Array): boolean => holder !== undefined && serialNumber[0] === 1;
  const lookup = new DevicePolicy({
    certificateHolder: async (ref, serial) => (isIt(serial) && ref === deviceRefOf(identity) ? holder : undefined),
    certificateOwner: async (serial) => (isIt(serial) ? deviceRefOf(identity) : undefined),
  });
  return lookup.of({ der: new Uint8Array(), serialNumber: Uint8Array.of(1), kind: 'ldevid', identity: named });
}

describe('DevicePolicy', () => {
  it('the device and policy that the CA issued the certificate to and under', async () => {
    expect(await policyOf(identity, { identity, policy })).toEqual({ identity, policy });
  });

  it('the certificate names nobody, or another device: the one that it was issued to all the same', async () => {
    expect(await policyOf(pseudonym, { identity, policy })).toEqual({ identity, policy });
  });

  it('not in the books: CREDENTIAL_UNKNOWN', async () => {
    await expect(policyOf(identity, undefined)).rejects.toMatchObject({ code: 'CREDENTIAL_UNKNOWN' });
  });

  it('not in the registry: DEVICE_UNKNOWN; under no policy of ours: POLICY_MISSING', async () => {
    const unheard = policyOf(identity, { identity: undefined, policy });
    await expect(unheard).rejects.toMatchObject({ code: 'DEVICE_UNKNOWN' });
    const foreign = policyOf(identity, { identity, policy: undefined });
    await expect(foreign).rejects.toMatchObject({ code: 'POLICY_MISSING' });
  });
});
