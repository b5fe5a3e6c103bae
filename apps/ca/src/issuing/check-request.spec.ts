import type { IssueRequest } from '@touchmark/ca-port';
import { describe, expect, it } from 'vitest';
import { checkRequest } from './check-request.js';

const request: IssueRequest = {
  identity: { realm: 'devices.test', model: 'sensor', deviceSerial: 'SN-1' },
  profile: 'idevid',
  csr: new Uint8Array(),
  evidence: { kind: 'warrant', warrantId: '018f0000-0000-7000-8000-000000000001' },
  terms: { policy: '018f0000-0000-7000-8000-000000000002' },
};

const check = (deviceSerial: string): Promise<unknown> =>
  checkRequest(
    { ...request, identity: { ...request.identity, deviceSerial } },
    () => {
      throw new Error('got as far as the authority');
    },
    (size) => new Uint8Array(size),
    1_800_000_000,
  );

describe('checkRequest', () => {
  it.each(['..', '0198c0de-1234-4abc-8def-0123456789ab', '0198C0DE-1234-4ABC-8DEF-0123456789AB'])(
    'deviceSerial %s, which no device may have: IDENTITY_INVALID',
    async (deviceSerial) => {
      await expect(check(deviceSerial)).rejects.toMatchObject({ code: 'IDENTITY_INVALID' });
    },
  );
});
