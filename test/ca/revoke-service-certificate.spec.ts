import type { RevocationReason } from '@touchmark/ca-port';
import { parseSeat, SeatValue } from '@touchmark/status-list';
import { journalHead } from '@touchmark/store';
import { makeTestRequest } from '@touchmark/testkit';
import { findRevoked, parseCertificate, parseCertificateList } from '@touchmark/x509';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { idevidRequest, issued, TestCaService, testModel } from '../fixture/test-ca.js';

let service: TestCaService;
let names = 0;
beforeAll(async () => {
  service = await TestCaService.open(inject('databaseUrl'));
});
afterAll(() => service?.close());

async function gateway(csr = makeTestRequest().der): Promise<Uint8Array> {
  const name = `edge-${names++}`;
  const { certificate } = await service.ca.serviceCertificates.run({
    profile: 'gateway-client',
    name,
    fields: { realm: testModel.realm, name },
    csr,
  });
  return parseCertificate(certificate).serialNumber;
}

const revoke = (serialNumber: Uint8Array, reason: RevocationReason = 'cessationOfOperation', invalidityDate?: number) =>
  service.ca.revokeServiceCertificate.run({ serialNumber, reason, invalidityDate });

async function valueOf(serialNumber: Uint8Array): Promise<number> {
  const seat = parseSeat(serialNumber);
  const rows = await service.db.query<{ value: number }>(
    'SELECT value FROM ca.revocation WHERE list_id = $1 AND index = $2',
    [seat?.listId, seat?.index],
  );
  return rows[0]?.value ?? SeatValue.valid;
}

describe('a certificate of a gateway, revoked', () => {
  it('is invalid at the position that is answered, and stands in the CRL that the change asked for', async () => {
    const serialNumber = await gateway();
    const before = await journalHead(service.db);
    expect(await revoke(serialNumber, 'privilegeWithdrawn')).toEqual({
      position: { ...before, sequence: before.sequence + 1 },
      revoked: 1,
    });
    expect(await valueOf(serialNumber)).toBe(SeatValue.invalid);
    const listId = parseSeat(serialNumber)?.listId ?? 0;
    const jobs = await service.db.query('SELECT FROM ca.outbox WHERE key = $1', [`list-${listId}`]);
    expect(jobs).toHaveLength(1);
    await service.ca.refreshCrl.run(listId);
    const [row] = await service.db.query<{ der: Uint8Array }>('SELECT der FROM ca.crl WHERE list_id = $1', [listId]);
    const crl = parseCertificateList(row?.der ?? new Uint8Array());
    expect(findRevoked(crl, serialNumber)).toMatchObject({ reasonCode: 'privilegeWithdrawn' });
  });

  it('a second time, and by two at once, changes nothing more and takes no position', async () => {
    const serialNumber = await gateway();
    const before = await journalHead(service.db);
    const outcomes = await Promise.all([revoke(serialNumber), revoke(serialNumber), revoke(serialNumber)]);
    expect(outcomes.filter(({ revoked }) => revoked > 0)).toHaveLength(1);
    expect((await journalHead(service.db)).sequence).toBe(before.sequence + 1);
  });

  it('as compromised has its key blocked for ever', async () => {
    const { der: csr } = makeTestRequest();
    await revoke(await gateway(csr), 'keyCompromise', service.now() - 60);
    await expect(gateway(csr)).rejects.toMatchObject({ code: 'KEY_BLOCKED' });
  });
});

describe('the roles of other processes', () => {
  it('which may read this database keep nothing from being revoked, and no list from being opened', async () => {
    const serialNumber = await gateway();
    const seat = parseSeat(serialNumber);
    await service.enrollmentDb.transaction(async (tx) => {
      await tx.query(
        `SELECT pg_advisory_xact_lock(k) FROM unnest(ARRAY[1953327922,
           hashtextextended('ca.service_credential', 0) # ($1::bigint << 24 | $2::bigint)]) AS k`,
        [seat?.listId, seat?.index],
      );
      for (const lock of ['ca.service_holder', 'ca.authority', 'ca.service_certificate', 'ca.status_list'])
        await expect(lockAsEnrollment(lock)).rejects.toMatchObject({ code: 'STORE_FAILED' });
      expect((await revoke(serialNumber)).revoked).toBe(1);
      service.advance(2 * 365 * 86_400);
      await expect(gateway()).resolves.toBeInstanceOf(Uint8Array);
    });
  });
});

const lockAsEnrollment = (relation: string): Promise<unknown> =>
  service.enrollmentDb.transaction((tx) => tx.query(`SELECT FROM ${relation} FOR SHARE`));

describe('what is not revoked here', () => {
  it('a serial number that was never issued, nor one with other random octets', async () => {
    const serialNumber = await gateway();
    const other = serialNumber.slice();
    other[15] = (other[15] ?? 0) ^ 1;
    const never = serialNumber.slice();
    never[7] = 0xff;
    for (const unknown of [other, never, new Uint8Array([1]), new Uint8Array()])
      await expect(revoke(unknown)).rejects.toMatchObject({ code: 'CERTIFICATE_UNKNOWN' });
    expect(await valueOf(serialNumber)).toBe(SeatValue.valid);
  });

  it('a device’s certificate, and every authority’s', async () => {
    const device = issued(await service.issue(idevidRequest('A', await service.batchWarrant(1))));
    const authorities = service.authorities.describe().map(({ certificate }) => parseCertificate(certificate));
    expect(authorities).toHaveLength(4);
    for (const { serialNumber } of [device, ...authorities]) {
      await expect(revoke(serialNumber)).rejects.toMatchObject({ code: 'PROFILE_NOT_ALLOWED' });
      expect(await valueOf(serialNumber)).toBe(SeatValue.valid);
    }
  });

  it('one that ended, for a reason that is none, or from a time that is still to come', async () => {
    const serialNumber = await gateway();
    await expect(revoke(serialNumber, 'superseded', service.now() + 3600)).rejects.toMatchObject({
      code: 'REASON_NOT_ALLOWED',
    });
    // a caller that is not compiled with us
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const reason = 'certificateHold' as RevocationReason;
    await expect(revoke(serialNumber, reason)).rejects.toMatchObject({ code: 'REASON_NOT_ALLOWED' });
    expect(await valueOf(serialNumber)).toBe(SeatValue.valid);
  });
});
