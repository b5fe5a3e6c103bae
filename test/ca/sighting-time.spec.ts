import { parseCertificate } from '@touchmark/x509';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { idevidRequest, issued, TestCaService } from '../fixture/test-ca.js';

const HOUR = 3600;
const DAY = 24 * HOUR;

let service: TestCaService;
beforeAll(async () => {
  service = await TestCaService.open(inject('databaseUrl'));
});
afterAll(() => service?.close());

/** When a certificate of this age counts as first seen, reported at `at`; both in seconds before now. */
async function seenAt(deviceSerial: string, age: number, at: number): Promise<number> {
  const { certificate } = issued(await service.issue(idevidRequest(deviceSerial, await service.batchWarrant(1))));
  const { notBefore } = parseCertificate(certificate);
  const issuedAt = notBefore + HOUR;
  await service.db.query('UPDATE ca.credential SET not_before = not_before - $1', [age]);
  const [outcome] = await service.port.confirmSeen([{ certificate, at: issuedAt - at }]);
  expect(outcome).toMatchObject({ ok: true, firstSighting: true });
  const [row] = await service.db.query<{ seen: number }>(
    'SELECT seen_at::float8 AS seen FROM ca.credential ORDER BY seen_at DESC NULLS LAST',
  );
  await service.db.query('UPDATE ca.credential SET seen_at = 0');
  return issuedAt - (row?.seen ?? 0);
}

describe('when a certificate was first seen', () => {
  it('is what the reporter says, within a day', async () => {
    expect(await seenAt('SEEN-1', 3 * DAY, 20 * HOUR)).toBe(20 * HOUR);
  });

  it('is never before it was issued, an hour after its notBefore', async () => {
    expect(await seenAt('SEEN-2', 2 * HOUR, 3 * HOUR)).toBe(2 * HOUR);
  });

  it('is never more than a day ago', async () => {
    const ago = await seenAt('SEEN-3', 30 * DAY, 29 * DAY);
    expect(ago).toBeLessThanOrEqual(DAY);
    expect(ago).toBeGreaterThan(DAY - 60);
  });

  it('is never to come, and is now where the time is none', async () => {
    expect(await seenAt('SEEN-4', DAY, -5 * HOUR)).toBeGreaterThan(-60);
    expect(Math.abs(await seenAt('SEEN-5', DAY, Number.NaN))).toBeLessThan(60);
  });
});
