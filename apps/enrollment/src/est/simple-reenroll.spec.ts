import { describe, expect, it } from 'vitest';
import type { DeviceCertificate } from './authenticate-device.js';
import type { EnrollmentPolicy } from './enrollment-policy.js';
import type { EnrolmentOrder } from './issue-device-certificate.js';
import type { Attempt } from './refusals.js';
import { SimpleReenroll } from './simple-reenroll.js';

const policy: EnrollmentPolicy = {
  id: 'policy',
  label: 'a',
  bootstrap: [],
  lifetime: 86_400,
  suspendOnFork: false,
  revokeReplaced: false,
  pseudonymous: true,
  keyAlgorithm: 'EC P-256',
  models: [],
};
const identity = { realm: 'devices.local', model: 'sensor', deviceSerial: 'SN-1' };
const certificate = Uint8Array.of(1);

function setup(kind: DeviceCertificate['kind']) {
  const orders: EnrolmentOrder[] = [];
  const attempt: Attempt = {};
  const serialNumber = Uint8Array.of(1);
  const presented = { der: certificate, serialNumber, kind, identity: { ...identity, deviceSerial: 'opaque' } };
  const reenroll = new SimpleReenroll({
    authenticate: { run: () => Promise.resolve(presented) },
    policies: { policyByLabel: (label) => Promise.resolve(label === 'b' ? { ...policy, label } : undefined) },
    devicePolicy: { of: () => Promise.resolve({ identity, policy }) },
    issue: {
      run(order) {
        orders.push(order);
        return Promise.resolve(Uint8Array.of(0x30));
      },
    },
    refusals: { watch: (_source, enrol) => enrol(attempt) },
  });
  const run = (label?: string, chain = [certificate]) =>
    reenroll.run({ label, chain, readCsr: () => new Uint8Array(), source: '192.0.2.1' });
  return { run, orders, attempt };
}

describe('SimpleReenroll', () => {
  it.each([undefined, 'a'])(
    'an LDevID, label %j: the device and policy of the registry, on the certificate',
    async (label) => {
      const { run, orders, attempt } = setup('ldevid');
      await run(label);
      expect(orders).toMatchObject([
        { identity, policy, reenroll: true, evidence: { kind: 'credential', certificate } },
      ]);
      expect(attempt.device).toEqual(identity);
    },
  );

  it.each([
    ['no certificate', 'ldevid', undefined, [], 'CREDENTIALS_MISSING'],
    ['an IDevID', 'idevid', undefined, [certificate], 'REENROLL_NEEDS_LDEVID'],
    ['the label of another policy', 'ldevid', 'b', [certificate], 'LABEL_NOT_ALLOWED'],
    ['no such label', 'ldevid', 'x', [certificate], 'LABEL_UNKNOWN'],
  ] as const)('%s: refused before the CA is asked', async (_what, kind, label, chain, code) => {
    const { run, orders } = setup(kind);
    await expect(run(label, [...chain])).rejects.toMatchObject({ code });
    expect(orders).toEqual([]);
  });
});
