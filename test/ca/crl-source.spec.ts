import type { StatusChange } from '@touchmark/ca-port';
import { parseSerialNumber } from '@touchmark/status-list';
import { CrlSource, verifyPath } from '@touchmark/verifier';
import { type Certificate, parseCertificate } from '@touchmark/x509';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

import { credentialRequest, idevidRequest, identityOf, issued, TestCaService } from '../fixture/test-ca.js';

let service: TestCaService;
beforeAll(async () => {
  service = await TestCaService.open(inject('databaseUrl'));
});
afterAll(() => service.close());

async function enroll(serial: string): Promise<Uint8Array> {
  const idevid = issued(await service.issue(idevidRequest(serial, await service.batchWarrant(1))));
  return issued(await service.issue(credentialRequest(serial, idevid.certificate))).certificate;
}

async function change(one: StatusChange): Promise<void> {
  expect(await service.port.changeStatus([one])).toMatchObject([{ ok: true }]);
}

/** Makes the CRLs of these certificates' lists anew and hands in all there are, newest last. */
async function refresh(source: CrlSource, ...certificates: readonly Uint8Array[]): Promise<void> {
  const lists = new Set(certificates.map((der) => parseSerialNumber(parseCertificate(der).serialNumber)?.listId ?? 0));
  for (const listId of lists) await service.ca.refreshCrl.run(listId);
  const rows = await service.db.query<{ der: Uint8Array }>('SELECT der FROM ca.crl ORDER BY number');
  for (const { der } of rows) expect(source.add(der)).toMatchObject({ ok: true });
}

function judge(source: CrlSource, leaf: Uint8Array): string {
  const authorities = service.authorities.describe();
  const certificatesOf = (isRoot: boolean): Certificate[] =>
    authorities
      .filter(({ kind }) => (kind === 'root') === isRoot)
      .map(({ certificate }) => parseCertificate(certificate));
  const result = verifyPath({
    chain: [leaf],
    trustAnchors: certificatesOf(true),
    intermediates: certificatesOf(false),
    at: service.now(),
    purpose: 'client',
    requireExtKeyUsage: true,
    revocation: { sources: [source] },
  });
  return result.ok ? 'good' : result.error.code;
}

describe('the CRLs of our own CA', () => {
  it('say to a CrlSource what is good, suspended, released and revoked, for the whole path', async () => {
    const [first, second] = [await enroll('CRLS-1'), await enroll('CRLS-2')];
    const target = { kind: 'device', identity: identityOf('CRLS-1') } as const;
    const source = new CrlSource();
    const answers = async (): Promise<string[]> => {
      await refresh(source, first, second);
      return [judge(source, first), judge(source, second)];
    };
    expect(judge(source, first)).toBe('STATUS_UNKNOWN');
    expect(await answers()).toEqual(['good', 'good']);
    await change({ act: 'suspend', target, cause: 'lost' });
    expect(await answers()).toEqual(['CERT_SUSPENDED', 'good']);
    await change({ act: 'release', target, cause: 'lost' });
    expect(await answers()).toEqual(['good', 'good']);
    await change({ act: 'revoke', target, reason: 'superseded' });
    expect(await answers()).toEqual(['CERT_REVOKED', 'good']);
  });
});
