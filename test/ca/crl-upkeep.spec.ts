import { parseSerialNumber } from '@touchmark/status-list';
import { parseCertificate } from '@touchmark/x509';
import { decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { StatusPublisher } from '../../apps/ca/src/status-publication/status-publisher.js';
import { idevidRequest, identityOf, issued, TestCaService } from '../fixture/test-ca.js';

let service: TestCaService;
let publisher: StatusPublisher;
beforeAll(async () => {
  service = await TestCaService.open(inject('databaseUrl'));
  publisher = await service.ca.startStatusPublisher();
});
afterAll(async () => {
  await publisher?.stop();
  await service?.close();
});

/** A device's certificate is revoked, and the job that would list it never reaches a worker. */
async function revokedWithoutJob(deviceSerial: string): Promise<number> {
  const { serialNumber } = issued(await service.issue(idevidRequest(deviceSerial, await service.batchWarrant(1))));
  const target = { kind: 'device', identity: identityOf(deviceSerial) } as const;
  const [outcome] = await service.port.changeStatus([{ act: 'revoke', target, reason: 'superseded' }]);
  expect(outcome).toMatchObject({ ok: true });
  await service.db.query('DELETE FROM ca.outbox');
  return parseSerialNumber(serialNumber)?.listId ?? 0;
}

async function crlOf(listId: number): Promise<{ number: number; behind: boolean }> {
  const [row] = await service.db.query<{ number: number; behind: boolean }>(
    `SELECT number::float8 AS number, EXISTS (SELECT FROM ca.journal j WHERE j.list_id = c.list_id AND j.kind = 'seats'
              AND (j.epoch, j.sequence) > (c.epoch, c.sequence)) AS behind
       FROM ca.crl c WHERE list_id = $1`,
    [listId],
  );
  if (!row) throw new Error('no CRL');
  return row;
}

async function tokenKeys(): Promise<(string | undefined)[]> {
  const rows = await service.db.query<{ jwt: string }>('SELECT jwt FROM ca.status_token');
  return rows.map(({ jwt }) => decodeProtectedHeader(jwt).kid);
}

async function revokeStatusSigners(): Promise<void> {
  const rows = await service.db.query<{ certificate: Uint8Array }>(
    'SELECT certificate FROM publication.status_signer ORDER BY not_after LIMIT 1',
  );
  const { serialNumber } = parseCertificate(rows[0]?.certificate ?? new Uint8Array());
  await service.ca.revokeServiceCertificate.run({ serialNumber, reason: 'keyCompromise', allOfHolder: true });
}

describe('the CA by itself', () => {
  it('lists a revocation whose job was lost, or taken out of the queue', async () => {
    const listId = await revokedWithoutJob('UPKEEP-1');
    expect(await crlOf(listId)).toMatchObject({ behind: true });
    const stop = service.ca.startUpkeep();
    try {
      await expect.poll(() => crlOf(listId), { timeout: 10_000 }).toMatchObject({ behind: false });
    } finally {
      await stop();
    }
  });

  it('makes what is due once, however many replicas look at the same time', async () => {
    const listId = await revokedWithoutJob('UPKEEP-2');
    const other = service.makeCa();
    const key = await other.startStatusPublisher();
    try {
      const before = (await crlOf(listId)).number;
      await Promise.all([service.ca.refreshCrl.makeDue(), other.refreshCrl.makeDue(), other.refreshCrl.makeDue()]);
      const after = await crlOf(listId);
      expect(after.behind).toBe(false);
      const again = await service.ca.refreshCrl.makeDue();
      expect(again).toBe(0);
      expect((await crlOf(listId)).number).toBe(after.number);
      expect(after.number).toBeGreaterThan(before);
    } finally {
      await key.stop();
    }
  });

  it('makes all tokens of a revoked status key anew, and stores none by that key', async () => {
    await service.ca.refreshCrl.makeDue();
    const before = await tokenKeys();
    expect(before).not.toHaveLength(0);
    const stop = service.ca.startUpkeep();
    try {
      await revokeStatusSigners();
      await expect
        .poll(async () => (await tokenKeys()).filter((kid) => before.includes(kid)), { timeout: 10_000 })
        .toEqual([]);
      expect(await tokenKeys()).toHaveLength(before.length);
    } finally {
      await stop();
    }
    expect(service.errors).toEqual([]);
  });

  it('a token that was signed before its key was revoked, and is stored after: is not', async () => {
    await publisher.stop();
    const kids = new Set(await tokenKeys());
    await revokeStatusSigners();
    await service.db.query('DELETE FROM ca.status_token');
    const listId = await revokedWithoutJob('UPKEEP-3');
    await service.ca.refreshCrl.run(listId);
    expect(await crlOf(listId)).toMatchObject({ behind: false });
    expect(await tokenKeys()).toEqual([]);
    expect(kids.size).toBe(1);
  });
});
