import { CaUnavailableError, type IssuedCertificate, type IssueOutcome, type IssueRequest } from '@touchmark/ca-port';
import { describe, expect, it } from 'vitest';
import { type EnrolmentOrder, IssueDeviceCertificate } from './issue-device-certificate.js';

const identity = { realm: 'devices.local', model: 'sensor', deviceSerial: 'SN-1' };
const csr = Uint8Array.of(0x30, 1, 0);
const order: EnrolmentOrder = {
  identity,
  policy: {
    id: 'policy',
    label: null,
    bootstrap: [],
    lifetime: 86_400,
    suspendOnFork: true,
    revokeReplaced: false,
    pseudonymous: true,
    keyAlgorithm: 'EC P-256',
    models: [],
  },
  evidence: { kind: 'warrant', warrantId: 'w' },
  reenroll: false,
  readCsr: () => csr,
  source: '192.0.2.1',
};
const issued: IssuedCertificate = {
  ok: true,
  certificate: Uint8Array.of(0x30, 0),
  serialNumber: Uint8Array.of(1),
  deviceRef: 'ref',
  credentialId: 'credential',
  generation: 1,
  notBefore: 0,
  notAfter: 1,
  repeated: false,
};

function setup(outcome: IssueOutcome | Error, projection?: Error) {
  const happened: unknown[] = [];
  const issue = new IssueDeviceCertificate(
    {
      async issueCertificates(requests: readonly IssueRequest[]) {
        happened.push(...requests);
        if (outcome instanceof Error) throw outcome;
        return [outcome];
      },
    },
    {
      async enrolled(enrolled) {
        happened.push(enrolled);
        if (projection) throw projection;
      },
    },
  );
  return { issue, happened };
}

describe('IssueDeviceCertificate', () => {
  it('the CA issues: the projection is written, then the certificate is handed out', async () => {
    const { issue, happened } = setup(issued);
    expect(await issue.run(order)).toBe(issued.certificate);
    const terms = {
      policy: 'policy',
      lifetime: 86_400,
      suspendOnFork: true,
      revokeReplaced: false,
      pseudonymous: true,
    };
    expect(happened).toMatchObject([
      { identity, profile: 'ldevid', reenroll: false, evidence: order.evidence, terms },
      { identity, policyId: 'policy', evidence: 'token', issued, source: '192.0.2.1' },
    ]);
    expect(happened[0]).toHaveProperty('csr', csr);
  });

  it('the CA refuses: its code, and no projection', async () => {
    const { issue, happened } = setup({ ok: false, code: 'WARRANT_SPENT', detail: 'spent' });
    await expect(issue.run(order)).rejects.toMatchObject({ code: 'WARRANT_SPENT', message: 'spent' });
    expect(happened).toHaveLength(1);
  });

  it('the CA is away: CA_UNAVAILABLE', async () => {
    const { issue } = setup(new CaUnavailableError(new Error('gone')));
    await expect(issue.run(order)).rejects.toMatchObject({ code: 'CA_UNAVAILABLE' });
  });

  it('the projection cannot be written: no certificate, the device asks again', async () => {
    const gone = new Error('gone');
    const { issue } = setup(issued, gone);
    await expect(issue.run(order)).rejects.toBe(gone);
  });

  it('the body cannot be read: refused before the CA is asked', async () => {
    const { issue, happened } = setup(issued);
    const unreadable = new Error('unreadable');
    const readCsr = (): Uint8Array => {
      throw unreadable;
    };
    await expect(issue.run({ ...order, readCsr })).rejects.toBe(unreadable);
    expect(happened).toEqual([]);
  });
});
