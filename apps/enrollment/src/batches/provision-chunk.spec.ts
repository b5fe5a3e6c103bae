import { CaUnavailableError, deviceRefOf, type IssueOutcome, type IssueRequest } from '@touchmark/ca-port';
import type { BatchView, RefusalRecord } from '@touchmark/store';
import { describe, expect, it } from 'vitest';
import type { ProvisionedDevice } from '../projection/project-provisioned.js';
import { ProvisionChunk } from './provision-chunk.js';

const batch: BatchView = {
  id: '018f0000-0000-7000-8000-000000000001',
  factoryId: '018f0000-0000-7000-8000-000000000002',
  modelId: '018f0000-0000-7000-8000-000000000003',
  policyId: '018f0000-0000-7000-8000-000000000004',
  size: 10,
  validUntil: 2_000_000_000,
  createdBy: 'admin',
  createdAt: 1_800_000_000,
  factory: 'plant',
  realm: 'devices.test',
  model: 'sensor',
  hwType: '2.25.7',
  organization: 'Acme',
  policy: 'standard',
  remaining: 10,
};

const issued = ({ identity }: IssueRequest): IssueOutcome => ({
  ok: true,
  certificate: Uint8Array.of(1, 2, 3),
  serialNumber: Uint8Array.of(0x54, 0xab),
  deviceRef: deviceRefOf(identity),
  credentialId: '018f0000-0000-7000-8000-000000000005',
  generation: 1,
  notBefore: 0,
  notAfter: 1,
  repeated: false,
});

class Recorded {
  provisioned: readonly ProvisionedDevice[] = [];
  refusals: readonly RefusalRecord[] = [];

  async write(provisioned: readonly ProvisionedDevice[], refusals: readonly RefusalRecord[]): Promise<void> {
    this.provisioned = provisioned;
    this.refusals = refusals;
  }
}

const line = (deviceSerial: string) => JSON.stringify({ deviceSerial, csr: 'AQID' });
const numbered = (lines: readonly string[]) => lines.map((text, i) => ({ line: i + 1, text: Buffer.from(text) }));

describe('ProvisionChunk', () => {
  it('asks the CA once for all good lines, with the terms of the batch', async () => {
    const calls: (readonly IssueRequest[])[] = [];
    const ca = {
      issueCertificates: async (requests: readonly IssueRequest[]) => {
        calls.push(requests);
        return requests.map(issued);
      },
    };
    await new ProvisionChunk(ca, new Recorded()).run(batch, numbered([line('A'), 'nonsense', line('B')]), 'line-1');
    expect(calls).toEqual([
      ['A', 'B'].map((deviceSerial) => ({
        identity: { realm: 'devices.test', model: 'sensor', deviceSerial },
        profile: 'idevid',
        hardware: { hwType: '2.25.7', organization: 'Acme' },
        csr: Uint8Array.of(1, 2, 3),
        evidence: { kind: 'warrant', warrantId: batch.id },
        terms: { policy: batch.policyId },
      })),
    ]);
  });

  it('answers each line by its place, refused ones among issued ones', async () => {
    const record = new Recorded();
    const ca = {
      issueCertificates: async (requests: readonly IssueRequest[]) =>
        requests.map((request): IssueOutcome =>
          request.identity.deviceSerial === 'B' ? { ok: false, code: 'KEY_WEAK', detail: 'too weak' } : issued(request),
        ),
    };
    const lines = numbered(['{', line('A'), line('B'), line('..'), line('C')]);
    const answers = await new ProvisionChunk(ca, record).run(batch, lines, 'line-1');
    expect(answers).toEqual([
      { line: 1, deviceSerial: null, error: { code: 'LINE_MALFORMED', detail: expect.any(String) } },
      { line: 2, deviceSerial: 'A', certificate: 'AQID', serialNumber: '54ab' },
      { line: 3, deviceSerial: 'B', error: { code: 'KEY_WEAK', detail: 'too weak' } },
      { line: 4, deviceSerial: '..', error: { code: 'DEVICE_SERIAL_INVALID', detail: expect.any(String) } },
      { line: 5, deviceSerial: 'C', certificate: 'AQID', serialNumber: '54ab' },
    ]);
    expect(record.provisioned.map(({ deviceSerial }) => deviceSerial)).toEqual(['A', 'C']);
    expect(record.refusals.map(({ code, deviceRef }) => [code, deviceRef])).toEqual([
      ['LINE_MALFORMED', null],
      ['KEY_WEAK', deviceRefOf({ realm: 'devices.test', model: 'sensor', deviceSerial: 'B' })],
      ['DEVICE_SERIAL_INVALID', null],
    ]);
  });

  it('asks the CA nothing where no line is a request', async () => {
    const ca = { issueCertificates: () => Promise.reject(new Error('asked')) };
    const answers = await new ProvisionChunk(ca, new Recorded()).run(batch, numbered(['{']), 'line-1');
    expect(answers).toHaveLength(1);
  });

  it('writes and answers nothing when the CA is away', async () => {
    const record = new Recorded();
    const ca = { issueCertificates: () => Promise.reject(new CaUnavailableError(undefined)) };
    const answered = new ProvisionChunk(ca, record).run(batch, numbered([line('A'), '{']), 'line-1');
    await expect(answered).rejects.toMatchObject({ code: 'CA_UNAVAILABLE' });
    expect(record.refusals).toEqual([]);
  });
});
