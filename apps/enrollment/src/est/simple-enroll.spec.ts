import type { CaRefusalCode } from '@touchmark/ca-port';
import { describe, expect, it } from 'vitest';
import { EnrollmentError } from '../enrollment-error.js';
import type { DeviceCertificate } from './authenticate-device.js';
import type { EnrollmentPolicy } from './enrollment-policy.js';
import { NotAuthenticError } from './est-error.js';
import type { EnrolmentOrder } from './issue-device-certificate.js';
import type { Attempt } from './refusals.js';
import { type EnrollRequest, SimpleEnroll } from './simple-enroll.js';

const policy = (label: string | null, changes: Partial<EnrollmentPolicy> = {}): EnrollmentPolicy => ({
  id: `policy-${label ?? 'default'}`,
  label,
  bootstrap: ['token', 'idevid'],
  lifetime: 86_400,
  suspendOnFork: false,
  revokeReplaced: false,
  pseudonymous: false,
  keyAlgorithm: 'EC P-256',
  models: ['sensor'],
  ...changes,
});
const identityOf = (deviceSerial: string) => ({ realm: 'devices.local', model: 'sensor', deviceSerial });
const device = (kind: 'idevid' | 'ldevid', deviceSerial = 'SN-1'): DeviceCertificate => ({
  der: Uint8Array.of(1),
  serialNumber: Uint8Array.of(1),
  kind,
  identity: identityOf(deviceSerial),
});

interface World {
  presents?: DeviceCertificate | NotAuthenticError;
  tokenFor?: string;
  tokenPolicy?: EnrollmentPolicy;
  policies?: EnrollmentPolicy[];
  /** The CA refuses what rests on a certificate with this. */
  caRefuses?: CaRefusalCode;
}

function setup({ presents, tokenFor = 'SN-1', tokenPolicy = policy('a'), policies, caRefuses }: World = {}) {
  const orders: Omit<EnrolmentOrder, 'readCsr' | 'source'>[] = [];
  const attempt: Attempt = {};
  const known = policies ?? [policy(null), policy('a'), policy('b')];
  const enroll = new SimpleEnroll({
    authenticate: {
      async run() {
        if (presents === undefined || presents instanceof NotAuthenticError) throw presents ?? new TypeError('nobody');
        return presents;
      },
    },
    tokens: {
      run: () =>
        Promise.resolve({
          identity: identityOf(tokenFor),
          policy: tokenPolicy,
          warrantId: 'warrant',
          validUntil: 0,
          revoked: false,
        }),
    },
    policies: { policyByLabel: (label) => Promise.resolve(known.find((one) => one.label === label)) },
    devicePolicy: { of: ({ identity }) => Promise.resolve({ identity, policy: policy('a') }) },
    issue: {
      async run({ readCsr: _readCsr, source: _source, ...order }) {
        orders.push(order);
        if (caRefuses !== undefined && order.evidence.kind === 'credential') {
          throw EnrollmentError.fromRefusal({ ok: false, code: caRefuses, detail: '' });
        }
        return Uint8Array.of(0x30);
      },
    },
    refusals: { watch: (_source, enrol) => enrol(attempt) },
  });
  const run = (request: Partial<EnrollRequest> = {}) =>
    enroll.run({
      label: undefined,
      chain: presents === undefined ? [] : [Uint8Array.of(1)],
      credentials: undefined,
      readCsr: () => new Uint8Array(),
      source: '192.0.2.1',
      ...request,
    });
  return { run, orders, attempt };
}

const token = { user: '', password: 'secret' };
const byToken = { kind: 'warrant', warrantId: 'warrant' };
const byCertificate = { kind: 'credential', certificate: Uint8Array.of(1) };

describe('SimpleEnroll', () => {
  it('neither certificate nor password: CREDENTIALS_MISSING', async () => {
    await expect(setup().run()).rejects.toMatchObject({ code: 'CREDENTIALS_MISSING' });
  });

  it('a token: its device, its policy, its warrant', async () => {
    const { run, orders, attempt } = setup({ tokenFor: 'SN-7' });
    await run({ credentials: token });
    expect(orders).toMatchObject([
      { identity: identityOf('SN-7'), policy: { id: 'policy-a' }, evidence: byToken, reenroll: false },
    ]);
    expect(attempt.device).toEqual(identityOf('SN-7'));
  });

  it.each([
    [undefined, 'policy-default'],
    ['b', 'policy-b'],
  ])('an IDevID, path label %j: that policy', async (label, id) => {
    const { run, orders } = setup({ presents: device('idevid') });
    await run({ label });
    expect(orders).toMatchObject([{ policy: { id }, evidence: byCertificate, reenroll: false }]);
  });

  it('an LDevID: the policy of its device, without a label or with its own', async () => {
    const { run, orders } = setup({ presents: device('ldevid') });
    await run();
    await run({ label: 'a' });
    expect(orders.map((order) => order.policy.id)).toEqual(['policy-a', 'policy-a']);
  });

  it.each([
    ['an IDevID, no such label', { presents: device('idevid') }, { label: 'x' }, 'LABEL_UNKNOWN'],
    ['an IDevID, no default policy', { presents: device('idevid'), policies: [] }, {}, 'POLICY_MISSING'],
    [
      'an IDevID, policy for other models',
      { presents: device('idevid'), policies: [policy(null, { models: [] })] },
      {},
      'MODEL_NOT_ALLOWED',
    ],
    [
      'an IDevID, policy for tokens',
      { presents: device('idevid'), policies: [policy(null, { bootstrap: ['token'] })] },
      {},
      'BOOTSTRAP_NOT_ALLOWED',
    ],
    ['an LDevID, the label of another policy', { presents: device('ldevid') }, { label: 'b' }, 'LABEL_NOT_ALLOWED'],
    ['an LDevID, no such label', { presents: device('ldevid') }, { label: 'x' }, 'LABEL_UNKNOWN'],
    ['a token, the label of another policy', {}, { label: 'b', credentials: token }, 'LABEL_NOT_ALLOWED'],
    [
      'a token, policy for IDevIDs',
      { tokenPolicy: policy('a', { bootstrap: ['idevid'] }) },
      { credentials: token },
      'BOOTSTRAP_NOT_ALLOWED',
    ],
    [
      'a token, policy for other models',
      { tokenPolicy: policy('a', { models: ['other'] }) },
      { credentials: token },
      'MODEL_NOT_ALLOWED',
    ],
    ['a foreign certificate', { presents: new NotAuthenticError('UNKNOWN_ISSUER') }, {}, 'UNKNOWN_ISSUER'],
  ])('%s: refused before the CA is asked', async (_what, world, request, code) => {
    const { run, orders } = setup(world);
    await expect(run(request)).rejects.toMatchObject({ code });
    expect(orders).toEqual([]);
  });
});

describe('SimpleEnroll with a certificate and a token', () => {
  it('the certificate is good: it wins', async () => {
    const { run, orders } = setup({ presents: device('idevid'), tokenFor: 'SN-2' });
    await run({ credentials: token });
    expect(orders).toMatchObject([{ identity: identityOf('SN-1'), evidence: byCertificate }]);
  });

  it('the certificate is not authentic: the token counts, for whatever device', async () => {
    const { run, orders } = setup({ presents: new NotAuthenticError('CERT_EXPIRED'), tokenFor: 'SN-2' });
    await run({ credentials: token });
    expect(orders).toMatchObject([{ identity: identityOf('SN-2'), evidence: byToken }]);
  });

  it.each([
    'PARENT_INVALID',
    'PARENT_GENERATION_CLOSED',
    'PARENT_WITHDRAWN',
    'PARENT_EXPIRED',
    'CREDENTIAL_UNKNOWN',
  ] as const)('the CA refuses the certificate with %s: the token counts', async (caRefuses) => {
    const { run, orders } = setup({ presents: device('ldevid'), caRefuses });
    await run({ credentials: token });
    expect(orders.map((order) => order.evidence)).toEqual([byCertificate, byToken]);
  });

  it.each(['PARENT_SUSPENDED', 'LINEAGE_FORK', 'SUBJECT_HELD', 'KEY_IN_USE', 'CSR_MALFORMED'] as const)(
    'the CA refuses with %s: a token is no way around it',
    async (caRefuses) => {
      const { run, orders } = setup({ presents: device('ldevid'), caRefuses });
      await expect(run({ credentials: token })).rejects.toMatchObject({ code: caRefuses });
      expect(orders).toHaveLength(1);
    },
  );

  it.each([
    [
      'an IDevID where the policy wants a token',
      { presents: device('idevid'), policies: [policy(null, { bootstrap: ['token'] })] },
    ],
    ['an IDevID on a path without a policy', { presents: device('idevid'), policies: [] }],
  ])('%s: the token counts', async (_what, world) => {
    const { run, orders } = setup(world);
    await run({ credentials: token });
    expect(orders.map((order) => order.evidence)).toEqual([byToken]);
  });

  it('an LDevID that moves to the policy of the token: the token counts', async () => {
    const { run, orders } = setup({ presents: device('ldevid'), tokenPolicy: policy('b') });
    await run({ label: 'b', credentials: token });
    expect(orders).toMatchObject([{ policy: { id: 'policy-b' }, evidence: byToken }]);
  });

  it("the CA refuses an old certificate and the token is another device's: ENROLLMENT_TOKEN_MISMATCH", async () => {
    const { run } = setup({ presents: device('ldevid'), caRefuses: 'PARENT_INVALID', tokenFor: 'SN-2' });
    await expect(run({ credentials: token })).rejects.toMatchObject({ code: 'ENROLLMENT_TOKEN_MISMATCH' });
  });
});
