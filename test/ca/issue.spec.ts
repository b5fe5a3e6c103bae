import { X509Certificate } from 'node:crypto';
import { deviceRefOf } from '@touchmark/ca-port';
import { parseSerialNumber } from '@touchmark/status-list';
import { generateTestKey } from '@touchmark/testkit';
import { parseCertificate } from '@touchmark/x509';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  credentialRequest,
  idevidRequest,
  identityOf,
  issued,
  outcomeOf,
  TestCaService,
  testModel,
  tokenRequest,
} from '../fixture/test-ca.js';

let service: TestCaService;
beforeAll(async () => {
  service = await TestCaService.open(inject('databaseUrl'));
});
afterAll(() => service.close());

const count = async (sql: string, parameters: unknown[] = []): Promise<number> =>
  Number((await service.db.query<{ count: string }>(sql, parameters))[0]?.count);

describe('a factory batch', () => {
  it('many lines at once: each gets a certificate of its own, stored before it is answered', async () => {
    const warrant = await service.batchWarrant(600);
    const requests = Array.from({ length: 600 }, (_, i) => idevidRequest(`BATCH-${i}`, warrant));

    const answers = await service.port.issueCertificates(requests);
    expect(service.errors).toEqual([]);
    const outcomes = answers.map(outcomeOf).map(issued);
    const serials = new Set(outcomes.map((o) => Buffer.from(o.serialNumber).toString('hex')));
    expect(serials.size).toBe(600);
    expect(outcomes.every((o) => !o.repeated)).toBe(true);
    expect(
      await count('SELECT count(*) FROM ca.certificate WHERE der = ANY($1)', [outcomes.map((o) => o.certificate)]),
    ).toBe(600);
    expect(await count('SELECT remaining AS count FROM ca.warrant WHERE id = $1', [warrant])).toBe(0);
    expect(service.errors).toEqual([]);
  });

  it('the same line again: the same certificate, and the warrant does not count it twice', async () => {
    const warrant = await service.batchWarrant(1);
    const request = idevidRequest('AGAIN', warrant);
    const first = issued(await service.issue(request));
    const second = issued(await service.issue(request));
    expect(Buffer.compare(first.certificate, second.certificate)).toBe(0);
    expect(second.repeated).toBe(true);
    expect(second.serialNumber).toEqual(first.serialNumber);
  });

  it('the same line twice in one call: one certificate', async () => {
    const warrant = await service.batchWarrant(2);
    const request = idevidRequest('TWICE', warrant);
    const [a, b] = (await service.port.issueCertificates([request, request])).map(outcomeOf).map(issued);
    expect(a?.serialNumber).toEqual(b?.serialNumber);
    expect(await count('SELECT remaining AS count FROM ca.warrant WHERE id = $1', [warrant])).toBe(1);
  });

  it('another key for a device that has a certificate: DEVICE_KEY_CONFLICT', async () => {
    const warrant = await service.batchWarrant(2);
    issued(await service.issue(idevidRequest('CONFLICT', warrant)));
    expect(await service.issue(idevidRequest('CONFLICT', warrant))).toBe('DEVICE_KEY_CONFLICT');
  });

  it('more devices than the warrant says: the rest is refused and leaves nothing behind', async () => {
    const warrant = await service.batchWarrant(3);
    const outcomes = await service.port.issueCertificates(
      Array.from({ length: 5 }, (_, i) => idevidRequest(`OVER-${i}`, warrant)),
    );
    expect(outcomes.map((o) => (o.ok ? 'ok' : o.code))).toEqual(['ok', 'ok', 'ok', 'WARRANT_SPENT', 'WARRANT_SPENT']);
    for (const i of [3, 4]) {
      const ref = deviceRefOf(identityOf(`OVER-${i}`));
      expect(await count('SELECT count(*) FROM ca.subject WHERE device_ref = $1', [ref])).toBe(0);
      expect(await count('SELECT count(*) FROM ca.key_owner WHERE device_ref = $1', [ref])).toBe(0);
    }
  });

  it('a key that another device has: KEY_IN_USE, in one call and later', async () => {
    const warrant = await service.batchWarrant(5);
    const key = generateTestKey();
    const outcomes = await service.port.issueCertificates([
      idevidRequest('CLONE-1', warrant, key),
      idevidRequest('CLONE-2', warrant, key),
    ]);
    expect(outcomes.map((o) => (o.ok ? 'ok' : o.code))).toEqual(['ok', 'KEY_IN_USE']);
    expect(await service.issue(idevidRequest('CLONE-3', warrant, key))).toBe('KEY_IN_USE');
  });

  it('a serial that differs only in case: DEVICE_SERIAL_CASE_CONFLICT', async () => {
    const warrant = await service.batchWarrant(5);
    issued(await service.issue(idevidRequest('Case-A', warrant)));
    expect(await service.issue(idevidRequest('case-a', warrant))).toBe('DEVICE_SERIAL_CASE_CONFLICT');
  });

  it('an ended, unknown or foreign warrant: refused by code', async () => {
    const ended = await service.batchWarrant(5, { validUntil: service.now() - 1 });
    expect(await service.issue(idevidRequest('W-1', ended))).toBe('WARRANT_EXPIRED');
    expect(await service.issue(idevidRequest('W-2', '00000000-0000-4000-8000-0000000000ff'))).toBe('WARRANT_UNKNOWN');
    const token = await service.tokenWarrant('W-3');
    expect(await service.issue(idevidRequest('W-3', token))).toBe('WARRANT_MISMATCH');
    expect(await service.issue(tokenRequest('W-4', token))).toBe('WARRANT_MISMATCH');
  });

  it('a garbage CSR between good ones: only that line is refused', async () => {
    const warrant = await service.batchWarrant(5);
    const bad = { ...idevidRequest('G-2', warrant), csr: new Uint8Array([0x30, 0x03, 0x02, 0x01]) };
    const outcomes = await service.port.issueCertificates([
      idevidRequest('G-1', warrant),
      bad,
      idevidRequest('G-3', warrant),
    ]);
    expect(outcomes.map((o) => (o.ok ? 'ok' : o.code))).toEqual(['ok', 'CSR_MALFORMED', 'ok']);
  });
});

describe('the certificate', () => {
  it('an IDevID: seat in its serialNumber, no end, names of 802.1AR', async () => {
    const warrant = await service.batchWarrant(1);
    const { certificate, serialNumber } = issued(await service.issue(idevidRequest('NAMES-1', warrant)));
    const parsed = parseCertificate(certificate);
    expect(parseSerialNumber(parsed.serialNumber)).toBeDefined();
    expect(parsed.serialNumber).toEqual(serialNumber);
    const node = new X509Certificate(certificate);
    expect(node.subject).toBe('O=Acme\nOU=sensor-1\nserialNumber=NAMES-1');
    expect(node.validToDate.toISOString()).toBe('9999-12-31T23:59:59.000Z');
    expect(node.subjectAltName).toContain('URI:spiffe://devices.test/device/sensor-1/NAMES-1');
  });
});

describe('a token', () => {
  it('the same key again: the same certificate; another key while it is unseen: replaces it, and the first one is revoked', async () => {
    const token = await service.tokenWarrant('TOK-1');
    const key = generateTestKey();
    const first = issued(await service.issue(tokenRequest('TOK-1', token, key)));
    expect(issued(await service.issue(tokenRequest('TOK-1', token, key))).serialNumber).toEqual(first.serialNumber);
    const second = issued(await service.issue(tokenRequest('TOK-1', token)));
    expect(second.serialNumber).not.toEqual(first.serialNumber);
    const seat = parseSerialNumber(first.serialNumber);
    const rows = await service.db.query('SELECT value, reason FROM ca.revocation WHERE list_id = $1 AND index = $2', [
      seat?.listId,
      seat?.index,
    ]);
    expect(rows).toEqual([{ value: 1, reason: 4 }]);
    expect(await service.issue(credentialRequest('TOK-1', first.certificate))).toBe('PARENT_WITHDRAWN');
  });

  it('two keys at the same time: exactly one certificate is valid afterwards', async () => {
    const token = await service.tokenWarrant('TOK-2');
    const outcomes = await service.port.issueCertificates([tokenRequest('TOK-2', token), tokenRequest('TOK-2', token)]);
    const seats = outcomes
      .map(outcomeOf)
      .map(issued)
      .map((o) => parseSerialNumber(o.serialNumber));
    const revoked = await count(
      'SELECT count(*) FROM ca.revocation r JOIN unnest($1::int[], $2::int[]) AS s (l, i) ON r.list_id = s.l AND r.index = s.i',
      [seats.map((s) => s?.listId), seats.map((s) => s?.index)],
    );
    expect(revoked).toBe(1);
  });

  it('once its certificate was seen it is spent, for the same key too', async () => {
    const token = await service.tokenWarrant('TOK-3');
    const key = generateTestKey();
    const first = issued(await service.issue(tokenRequest('TOK-3', token, key)));
    const [seen] = await service.port.confirmSeen([{ certificate: first.certificate, at: service.now() }]);
    expect(seen).toMatchObject({ ok: true, firstSighting: true });
    expect(await service.issue(tokenRequest('TOK-3', token, key))).toBe('WARRANT_SPENT');
    expect(await service.issue(tokenRequest('TOK-3', token))).toBe('WARRANT_SPENT');
  });

  it('opened before the device was revoked and recommissioned: ended with the old lineage', async () => {
    const token = await service.tokenWarrant('TOK-4');
    issued(await service.issue(tokenRequest('TOK-4', await service.tokenWarrant('TOK-4'))));
    const target = { kind: 'device', identity: identityOf('TOK-4') } as const;
    await service.port.changeStatus([
      { act: 'revoke', target, reason: 'superseded' },
      { act: 'recommission', target },
    ]);
    expect(await service.issue(tokenRequest('TOK-4', token))).toBe('WARRANT_EXPIRED');
    const fresh = issued(await service.issue(tokenRequest('TOK-4', await service.tokenWarrant('TOK-4'))));
    expect(fresh.generation).toBe(2);
  });
});

/** A device with an IDevID of a batch and an LDevID on it. */
async function enroll(serial: string, terms: object = {}) {
  const warrant = await service.batchWarrant(1);
  const idevid = issued(await service.issue(idevidRequest(serial, warrant)));
  const ldevid = issued(await service.issue(credentialRequest(serial, idevid.certificate, undefined, terms)));
  return { idevid, ldevid };
}

describe('rotation', () => {
  it('IDevID, LDevID, next LDevID: each is the parent of the next', async () => {
    const { ldevid } = await enroll('ROT-1');
    const next = issued(await service.issue(credentialRequest('ROT-1', ldevid.certificate)));
    const rows = await service.db.query<{ parent: string | null; seen: boolean }>(
      'SELECT parent_id AS parent, seen_at IS NOT NULL AS seen FROM ca.credential WHERE device_ref = $1 ORDER BY not_before, profile, parent_id NULLS FIRST',
      [next.deviceRef],
    );
    expect(rows).toHaveLength(3);
    expect(rows.filter((r) => r.seen)).toHaveLength(2);
    expect(rows.filter((r) => r.parent === ldevid.credentialId)).toHaveLength(1);
  });

  it('lost reply, asked again with the same key: the same certificate, although nothing was seen', async () => {
    const { ldevid } = await enroll('ROT-2');
    const key = generateTestKey();
    const first = issued(await service.issue(credentialRequest('ROT-2', ldevid.certificate, key)));
    const again = issued(await service.issue(credentialRequest('ROT-2', ldevid.certificate, key)));
    expect(again.serialNumber).toEqual(first.serialNumber);
  });

  it('parallel rotation with many keys: one unseen child stays valid, the others are withdrawn', async () => {
    const { ldevid } = await enroll('ROT-3');
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () => service.issue(credentialRequest('ROT-3', ldevid.certificate))),
    );
    expect(outcomes.every((o) => typeof o !== 'string')).toBe(true);
    const live = await count(
      `SELECT count(*) FROM ca.credential c LEFT JOIN ca.revocation r USING (list_id, index)
        WHERE c.parent_id = $1 AND c.withdrawn_at IS NULL AND r.value IS NULL`,
      [ldevid.credentialId],
    );
    expect(live).toBe(1);
  });

  it('another key after the child was seen: LINEAGE_FORK, and the device is held where the policy says so', async () => {
    const { ldevid } = await enroll('ROT-4');
    const child = issued(await service.issue(credentialRequest('ROT-4', ldevid.certificate)));
    await service.port.confirmSeen([{ certificate: child.certificate, at: service.now() }]);
    expect(await service.issue(credentialRequest('ROT-4', ldevid.certificate))).toBe('LINEAGE_FORK');
    issued(await service.issue(credentialRequest('ROT-4', child.certificate)));
    const grandchild = issued(await service.issue(credentialRequest('ROT-4', child.certificate)));
    await service.port.confirmSeen([{ certificate: grandchild.certificate, at: service.now() }]);
    expect(await service.issue(credentialRequest('ROT-4', child.certificate, undefined, { suspendOnFork: true }))).toBe(
      'LINEAGE_FORK',
    );
    expect(await service.issue(credentialRequest('ROT-4', grandchild.certificate))).toBe('SUBJECT_HELD');
  });

  it('the key of the certificate itself before its window opens: the same certificate; inside the window: a new one', async () => {
    const key = generateTestKey();
    const token = await service.tokenWarrant('ROT-5');
    const first = issued(await service.issue(tokenRequest('ROT-5', token, key)));
    const same = issued(await service.issue(credentialRequest('ROT-5', first.certificate, key)));
    expect(same.serialNumber).toEqual(first.serialNumber);
    service.advance(16 * 86_400);
    const renewed = issued(await service.issue(credentialRequest('ROT-5', first.certificate, key)));
    expect(renewed.serialNumber).not.toEqual(first.serialNumber);
  });

  it('revokeReplaced: the parent is revoked as superseded when its child is seen', async () => {
    const { ldevid } = await enroll('ROT-6');
    const child = issued(
      await service.issue(credentialRequest('ROT-6', ldevid.certificate, undefined, { revokeReplaced: true })),
    );
    const seat = parseSerialNumber(ldevid.serialNumber);
    const reasons = () =>
      service.db.query('SELECT reason FROM ca.revocation WHERE list_id = $1 AND index = $2', [
        seat?.listId,
        seat?.index,
      ]);
    expect(await reasons()).toEqual([]);
    await service.port.confirmSeen([{ certificate: child.certificate, at: service.now() }]);
    expect(await reasons()).toEqual([{ reason: 4 }]);
  });

  it('an expired certificate: PARENT_EXPIRED; the IDevID may bootstrap again then', async () => {
    const { idevid, ldevid } = await enroll('ROT-7');
    await service.port.confirmSeen([{ certificate: ldevid.certificate, at: service.now() }]);
    expect(await service.issue(credentialRequest('ROT-7', idevid.certificate))).toBe('LINEAGE_FORK');
    service.advance(31 * 86_400);
    expect(await service.issue(credentialRequest('ROT-7', ldevid.certificate))).toBe('PARENT_EXPIRED');
    issued(await service.issue(credentialRequest('ROT-7', idevid.certificate)));
  });

  it('a fork after the first child has expired while its line lives on: LINEAGE_FORK all the same', async () => {
    const { idevid, ldevid } = await enroll('FORK-2');
    service.advance(20 * 86_400);
    const next = issued(await service.issue(credentialRequest('FORK-2', ldevid.certificate)));
    await service.port.confirmSeen([{ certificate: next.certificate, at: service.now() }]);
    service.advance(12 * 86_400);
    expect(await service.issue(credentialRequest('FORK-2', idevid.certificate))).toBe('LINEAGE_FORK');
  });

  it('one key after another on one parent, none ever used: TOO_MANY_REPLACEMENTS, until an hour is over', async () => {
    const { ldevid } = await enroll('LOOP-1');
    const codes: string[] = [];
    for (let i = 0; i < 14; i++) {
      const outcome = await service.issue(credentialRequest('LOOP-1', ldevid.certificate));
      codes.push(typeof outcome === 'string' ? outcome : 'ok');
    }
    expect(codes.filter((code) => code === 'ok')).toHaveLength(11);
    expect(codes.at(-1)).toBe('TOO_MANY_REPLACEMENTS');
    service.advance(3700);
    issued(await service.issue(credentialRequest('LOOP-1', ldevid.certificate)));
  });

  it("another device's certificate: CREDENTIAL_UNKNOWN", async () => {
    const { ldevid } = await enroll('ROT-8');
    expect(await service.issue(credentialRequest('ROT-9', ldevid.certificate))).toBe('CREDENTIAL_UNKNOWN');
  });
});

describe('the clock', () => {
  it('behind the last certificate that was issued: CLOCK_UNTRUSTED, for every bucket', async () => {
    const own = await TestCaService.open(inject('databaseUrl'));
    try {
      own.advance(40 * 86_400);
      issued(await own.issue(tokenRequest('CLK-1', await own.tokenWarrant('CLK-1'))));
      const token = await own.tokenWarrant('CLK-2');
      own.advance(-20 * 86_400);
      expect(await own.issue(tokenRequest('CLK-2', token))).toBe('CLOCK_UNTRUSTED');
    } finally {
      await own.close();
    }
  });

  it("far from the database's: CLOCK_UNTRUSTED", async () => {
    const own = await TestCaService.open(inject('databaseUrl'), { maxClockSkew: 60 });
    try {
      const token = await own.tokenWarrant('CLK-3');
      own.advance(600);
      expect(await own.issue(tokenRequest('CLK-3', token))).toBe('CLOCK_UNTRUSTED');
    } finally {
      await own.close();
    }
  });
});

describe('warrants', () => {
  it('of another realm, larger or longer than allowed: refused', async () => {
    const warrant = {
      kind: 'batch',
      warrantId: '00000000-0000-4000-8000-00000000abcd',
      ...testModel,
      profile: 'idevid',
      size: 1,
      validUntil: service.now() + 60,
    } as const;
    const outcomes = await service.port.openWarrants([
      { ...warrant, realm: 'elsewhere.example' },
      { ...warrant, size: 2_000_000 },
      { ...warrant, validUntil: 253_402_300_799 },
    ]);
    expect(outcomes.map((o) => (o.ok ? 'ok' : o.code))).toEqual([
      'IDENTITY_INVALID',
      'LIMIT_EXCEEDED',
      'LIMIT_EXCEEDED',
    ]);
  });
});

describe('quota', () => {
  it('used up in the middle of a batch: what fits is issued, the rest is refused', async () => {
    const small = await TestCaService.open(inject('databaseUrl'), { hourlyQuota: 4 });
    try {
      const warrant = await small.batchWarrant(10);
      const outcomes = await small.port.issueCertificates(
        Array.from({ length: 6 }, (_, i) => idevidRequest(`Q-${i}`, warrant)),
      );
      expect(outcomes.filter((o) => o.ok)).toHaveLength(4);
      expect(outcomes.filter((o) => !o.ok && o.code === 'QUOTA_EXCEEDED')).toHaveLength(2);
    } finally {
      await small.close();
    }
  });
});
