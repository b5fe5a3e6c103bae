import { X509Certificate } from 'node:crypto';
import type { RevocationReason, StatusChange } from '@touchmark/ca-port';
import { parseSerialNumber } from '@touchmark/status-list';
import { generateTestKey } from '@touchmark/testkit';
import { findRevoked, parseCertificate, parseCertificateList } from '@touchmark/x509';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  credentialRequest,
  idevidRequest,
  identityOf,
  issued,
  TestCaService,
  tokenRequest,
} from '../fixture/test-ca.js';

let service: TestCaService;
beforeAll(async () => {
  service = await TestCaService.open(inject('databaseUrl'));
});
afterAll(() => service.close());

const device = (serial: string) => ({ kind: 'device', identity: identityOf(serial) }) as const;
const certificate = (serialNumber: Uint8Array) => ({ kind: 'certificate', serialNumber }) as const;

async function change(one: StatusChange): Promise<string> {
  const [outcome] = await service.port.changeStatus([one]);
  return outcome?.ok ? 'ok' : (outcome?.code ?? 'no answer');
}

async function enroll(serial: string) {
  const idevid = issued(await service.issue(idevidRequest(serial, await service.batchWarrant(1))));
  const ldevid = issued(await service.issue(credentialRequest(serial, idevid.certificate)));
  return { idevid, ldevid };
}

async function seatOf(serialNumber: Uint8Array): Promise<{ value: number; reason: number | null }> {
  const seat = parseSerialNumber(serialNumber);
  const rows = await service.db.query<{ value: number; reason: number }>(
    'SELECT value, reason FROM ca.revocation WHERE list_id = $1 AND index = $2',
    [seat?.listId, seat?.index],
  );
  return rows[0] ?? { value: 0, reason: null };
}

/** Makes the CRL of the certificate's list anew and answers it. */
async function freshCrl(serialNumber: Uint8Array) {
  const listId = parseSerialNumber(serialNumber)?.listId ?? 0;
  await service.ca.refreshCrl.run(listId);
  const [row] = await service.db.query<{ der: Uint8Array; number: string }>(
    'SELECT der, number FROM ca.crl WHERE list_id = $1',
    [listId],
  );
  if (!row) throw new Error('no CRL');
  return { crl: parseCertificateList(row.der), number: Number(row.number) };
}

const hold = (act: 'suspend' | 'release', cause: string) => change({ act, target: device('SUS-1'), cause });

describe('a device', () => {
  it('revoked: every certificate is invalid with the reason, in the CRL, and it gets nothing more', async () => {
    const { idevid, ldevid } = await enroll('REV-1');
    expect(await change({ act: 'revoke', target: device('REV-1'), reason: 'cessationOfOperation' })).toBe('ok');
    for (const c of [idevid, ldevid]) {
      expect(await seatOf(c.serialNumber)).toEqual({ value: 1, reason: 5 });
      expect(findRevoked((await freshCrl(c.serialNumber)).crl, c.serialNumber)).toMatchObject({
        reasonCode: 'cessationOfOperation',
      });
    }
    expect(await service.issue(credentialRequest('REV-1', idevid.certificate))).toBe('SUBJECT_CLOSED');
    expect(await service.issue(tokenRequest('REV-1', await service.tokenWarrant('REV-1')))).toBe('SUBJECT_CLOSED');
  });

  it('revoked twice: the second changes nothing and answers a position', async () => {
    await enroll('REV-2');
    const revoke = { act: 'revoke', target: device('REV-2'), reason: 'superseded' } as const;
    const [first, second] = await service.port.changeStatus([revoke, revoke]);
    expect(first).toMatchObject({ ok: true, seatsChanged: 2 });
    expect(second).toMatchObject({ ok: true, seatsChanged: 0 });
  });

  it('revoked as keyCompromise: its keys are blocked for everybody, also after recommissioning', async () => {
    const key = generateTestKey();
    const token = await service.tokenWarrant('REV-3');
    issued(await service.issue(tokenRequest('REV-3', token, key)));
    await change({ act: 'revoke', target: device('REV-3'), reason: 'keyCompromise' });
    expect(await service.issue(tokenRequest('OTHER-3', await service.tokenWarrant('OTHER-3'), key))).toBe(
      'KEY_BLOCKED',
    );
    await change({ act: 'recommission', target: device('REV-3') });
    expect(await service.issue(tokenRequest('REV-3', await service.tokenWarrant('REV-3'), key))).toBe('KEY_BLOCKED');
    expect(issued(await service.issue(tokenRequest('REV-3', await service.tokenWarrant('REV-3')))).generation).toBe(2);
  });

  it('suspended for two causes: one release leaves it suspended, the second makes it valid and the CRL forgets it', async () => {
    const { ldevid } = await enroll('SUS-1');
    await hold('suspend', 'lost');
    await hold('suspend', 'audit');
    expect(await seatOf(ldevid.serialNumber)).toEqual({ value: 2, reason: 6 });
    expect(findRevoked((await freshCrl(ldevid.serialNumber)).crl, ldevid.serialNumber)).toMatchObject({
      reasonCode: 'certificateHold',
    });
    expect(await service.issue(credentialRequest('SUS-1', ldevid.certificate))).toBe('SUBJECT_HELD');
    await hold('release', 'lost');
    expect((await seatOf(ldevid.serialNumber)).value).toBe(2);
    expect(await hold('release', 'lost')).toBe('NOT_SUSPENDED');
    await hold('release', 'audit');
    expect((await seatOf(ldevid.serialNumber)).value).toBe(0);
    expect(findRevoked((await freshCrl(ldevid.serialNumber)).crl, ldevid.serialNumber)).toBeUndefined();
    issued(await service.issue(credentialRequest('SUS-1', ldevid.certificate)));
  });

  it('held for itself and with its device: each hold needs its own release', async () => {
    const { ldevid } = await enroll('SUS-2');
    await change({ act: 'suspend', target: certificate(ldevid.serialNumber), cause: 'lab' });
    await change({ act: 'suspend', target: device('SUS-2'), cause: 'lost' });
    await change({ act: 'release', target: device('SUS-2'), cause: 'lost' });
    expect((await seatOf(ldevid.serialNumber)).value).toBe(2);
    await change({ act: 'release', target: certificate(ldevid.serialNumber), cause: 'lab' });
    expect((await seatOf(ldevid.serialNumber)).value).toBe(0);
  });

  it('retired and recommissioned: a new generation, in which the old certificate is worth nothing', async () => {
    const { idevid } = await enroll('RET-1');
    expect(await change({ act: 'recommission', target: device('RET-1') })).toBe('SUBJECT_NOT_CLOSED');
    expect(await change({ act: 'retire', target: device('RET-1') })).toBe('ok');
    expect(await change({ act: 'suspend', target: device('RET-1'), cause: 'x' })).toBe('ALREADY_REVOKED');
    expect(await change({ act: 'recommission', target: device('RET-1') })).toBe('ok');
    expect(await service.issue(credentialRequest('RET-1', idevid.certificate))).toBe('PARENT_GENERATION_CLOSED');
  });

  it('never heard of: SUBJECT_UNKNOWN', async () => {
    expect(await change({ act: 'suspend', target: device('NOBODY'), cause: 'x' })).toBe('SUBJECT_UNKNOWN');
  });
});

describe('one certificate', () => {
  it('revoked for another reason than compromise: its parent and its device are untouched', async () => {
    const { idevid, ldevid } = await enroll('CRT-1');
    expect(await change({ act: 'revoke', target: certificate(ldevid.serialNumber), reason: 'superseded' })).toBe('ok');
    expect((await seatOf(idevid.serialNumber)).value).toBe(0);
    expect(await service.issue(credentialRequest('CRT-1', ldevid.certificate))).toBe('PARENT_INVALID');
    issued(await service.issue(credentialRequest('CRT-1', idevid.certificate)));
  });

  it('revoked as compromised: its descendants go too, their keys are blocked, the device is held until released', async () => {
    const { idevid, ldevid } = await enroll('CRT-2');
    const key = generateTestKey();
    const child = issued(await service.issue(credentialRequest('CRT-2', ldevid.certificate, key)));
    expect(await change({ act: 'revoke', target: certificate(ldevid.serialNumber), reason: 'keyCompromise' })).toBe(
      'ok',
    );
    expect(await seatOf(child.serialNumber)).toEqual({ value: 1, reason: 1 });
    expect((await seatOf(idevid.serialNumber)).value).toBe(2);
    expect(await service.issue(credentialRequest('CRT-2', idevid.certificate))).toBe('SUBJECT_HELD');
    await change({ act: 'release', target: device('CRT-2'), cause: 'compromise' });
    expect(await service.issue(credentialRequest('CRT-2', idevid.certificate, key))).toBe('KEY_BLOCKED');
    issued(await service.issue(credentialRequest('CRT-2', idevid.certificate)));
  });

  it('right seat, wrong random octets, or a foreign serial: CERTIFICATE_UNKNOWN', async () => {
    const { ldevid } = await enroll('CRT-3');
    const forged = Uint8Array.from(ldevid.serialNumber);
    forged[15] = (forged[15] ?? 0) ^ 1;
    for (const serialNumber of [forged, new Uint8Array([1, 2, 3])])
      expect(await change({ act: 'revoke', target: certificate(serialNumber), reason: 'superseded' })).toBe(
        'CERTIFICATE_UNKNOWN',
      );
  });

  it.each<[RevocationReason, string]>([
    ['unspecified', 'unspecified'],
    ['affiliationChanged', 'affiliationChanged'],
    ['privilegeWithdrawn', 'privilegeWithdrawn'],
    ['cACompromise', 'cACompromise'],
  ])('revoked with the reason %s: the CRL says so', async (reason, expected) => {
    const invalidityDate = service.now() - 600;
    const { ldevid } = await enroll(`RSN-${reason}`);
    await change({
      act: 'revoke',
      target: certificate(ldevid.serialNumber),
      reason,
      invalidityDate,
    });
    const entry = findRevoked((await freshCrl(ldevid.serialNumber)).crl, ldevid.serialNumber);
    expect(entry?.reasonCode ?? 'unspecified').toBe(expected);
    expect(entry?.invalidityDate).toBe(invalidityDate);
  });
});

describe('what is refused', () => {
  it('one bad change among good ones: each answers for itself', async () => {
    await enroll('EACH-1');
    const outcomes = await service.port.changeStatus(
      ['EACH-0', 'EACH-1', 'EACH-2'].map((serial) => ({ act: 'revoke', target: device(serial), reason: 'superseded' })),
    );
    expect(outcomes.map((o) => (o.ok ? 'ok' : o.code))).toEqual(['SUBJECT_UNKNOWN', 'ok', 'SUBJECT_UNKNOWN']);
  });

  it.each([253_402_300_800, -1, 9e15, 1.5, 4_000_000_000])(
    'invalidityDate %d: REASON_NOT_ALLOWED, and the CRL of the list can still be made',
    async (invalidityDate) => {
      const { ldevid } = await enroll(`INV-${Math.abs(invalidityDate)}`);
      const revoke = {
        act: 'revoke',
        target: certificate(ldevid.serialNumber),
        reason: 'superseded',
        invalidityDate,
      } as const;
      expect(await change(revoke)).toBe('REASON_NOT_ALLOWED');
      expect((await freshCrl(ldevid.serialNumber)).number).toBeGreaterThan(0);
    },
  );

  it('the certificate of an authority: CERTIFICATE_NOT_DEVICE', async () => {
    const [authority] = service.authorities.describe().filter((a) => a.kind === 'ldevid');
    const { serialNumber } = parseCertificate(authority?.certificate ?? new Uint8Array());
    expect(await change({ act: 'revoke', target: certificate(serialNumber), reason: 'keyCompromise' })).toBe(
      'CERTIFICATE_NOT_DEVICE',
    );
  });

  it('a serialNumber with a list id of 32 bits: CERTIFICATE_UNKNOWN', async () => {
    const serialNumber = Uint8Array.of(0x54, 0xff, 0xff, 0xff, 0xff, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8);
    expect(await change({ act: 'revoke', target: certificate(serialNumber), reason: 'superseded' })).toBe(
      'CERTIFICATE_UNKNOWN',
    );
  });

  it('a token that was pending when a certificate of its device was compromised: ended, also after the release', async () => {
    const token = await service.tokenWarrant('PEND-1');
    const { ldevid } = await enroll('PEND-1');
    await change({ act: 'revoke', target: certificate(ldevid.serialNumber), reason: 'keyCompromise' });
    await change({ act: 'release', target: device('PEND-1'), cause: 'compromise' });
    expect(await service.issue(tokenRequest('PEND-1', token))).toBe('WARRANT_EXPIRED');
  });

  it('a second hold does not make the suspension younger', async () => {
    const { ldevid } = await enroll('AGE-1');
    const suspend = (cause: string) => change({ act: 'suspend', target: certificate(ldevid.serialNumber), cause });
    await suspend('first');
    const seat = parseSerialNumber(ldevid.serialNumber);
    await service.db.query('UPDATE ca.revocation SET revoked_at = 1000 WHERE list_id = $1 AND index = $2', [
      seat?.listId,
      seat?.index,
    ]);
    await suspend('second');
    const [row] = await service.db.query<{ at: string; holds: string[] }>(
      'SELECT revoked_at AS at, holds FROM ca.revocation WHERE list_id = $1 AND index = $2',
      [seat?.listId, seat?.index],
    );
    expect(row).toEqual({ at: '1000', holds: ['first', 'second'] });
  });
});

describe('the journal', () => {
  it('many changes at once: positions are gap-free and every seat change is in it once', async () => {
    const serials = Array.from({ length: 20 }, (_, i) => `JRN-${i}`);
    const enrolled = await Promise.all(serials.map(enroll));
    const outcomes = await Promise.all(
      serials.map((s) => service.port.changeStatus([{ act: 'revoke', target: device(s), reason: 'superseded' }])),
    );
    expect(outcomes.flat().every((o) => o.ok)).toBe(true);
    const rows = await service.db.query<{ sequence: string; kind: string; listId: number; indexes: number[] | null }>(
      'SELECT sequence, kind, list_id AS "listId", indexes FROM ca.journal ORDER BY sequence',
    );
    expect(rows.map((r) => Number(r.sequence))).toEqual(rows.map((_, i) => i + 1));
    const changed = new Set(rows.flatMap((r) => (r.indexes ?? []).map((index) => `${r.listId}.${index}`)));
    for (const { idevid, ldevid } of enrolled)
      for (const c of [idevid, ldevid]) {
        const seat = parseSerialNumber(c.serialNumber);
        expect(changed.has(`${seat?.listId}.${seat?.index}`)).toBe(true);
      }
  });
});

describe('a CRL', () => {
  it('made again and again: its number grows, openssl and node agree on the issuer, an empty one has no entries', async () => {
    const { ldevid } = await enroll('CRL-1');
    const first = await freshCrl(ldevid.serialNumber);
    const second = await freshCrl(ldevid.serialNumber);
    expect(second.number).toBeGreaterThan(first.number);
    const issuer = service.authorities.byId(
      service.authorities.describe().find((a) => a.kind === 'ldevid')?.id ?? '',
    ).issuer;
    expect(new X509Certificate(ldevid.certificate).verify(issuer.publicKey)).toBe(true);
    expect(Buffer.from(second.crl.issuer).equals(issuer.certificate.subject)).toBe(true);
  });
});
