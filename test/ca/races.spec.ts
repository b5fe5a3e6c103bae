import { randomBytes } from 'node:crypto';
import { deviceRefOf, type IssuedCertificate, type IssueRequest, type StatusChange } from '@touchmark/ca-port';
import { toHex } from '@touchmark/der';
import { parseSerialNumber } from '@touchmark/status-list';
import { generateTestKey, type TestKey } from '@touchmark/testkit';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Ca, defaultCaSettings } from '../../apps/ca/src/ca.js';
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

// One process already keeps requests for the same device apart; two are held apart by the database alone.
let service: TestCaService;
let other: Ca;
beforeAll(async () => {
  service = await TestCaService.open(inject('databaseUrl'));
  const { db, seatDb, authorities } = service;
  const settings = {
    ...defaultCaSettings,
    publicHttpUrl: 'http://localhost:8080',
    evaluation: true,
    realm: testModel.realm,
  };
  const onError = (error: unknown) => service.errors.push(error);
  other = new Ca({ db, statusDb: db, seatDb, authorities, now: () => service.now(), randomBytes, onError }, settings);
});
afterAll(() => service.close());

/** Asks one of the two processes. */
const ask = async (place: number, request: IssueRequest): Promise<IssuedCertificate | string> => {
  const [outcome] = await (place % 2 === 0 ? service.port : other.portFor('enrollment')).issueCertificates([request]);
  return outcomeOf(outcome);
};
const devicesOf = (deviceSerial: string) => ({ kind: 'device', identity: identityOf(deviceSerial) }) as const;

async function change(statusChange: StatusChange): Promise<void> {
  const [outcome] = await other.portFor('enrollment').changeStatus([statusChange]);
  expect(outcome).toMatchObject({ ok: true });
}

/** Certificates of a device that anybody would still accept. */
async function validOf(deviceSerial: string, profile?: string): Promise<string[]> {
  const rows = await service.db.query<{ der: Uint8Array }>(
    `SELECT t.der FROM ca.credential c JOIN ca.certificate t USING (list_id, index) LEFT JOIN ca.revocation r USING (list_id, index)
      WHERE c.device_ref = $1 AND r.value IS NULL AND ($2::text IS NULL OR c.profile = $2)`,
    [deviceRefOf(identityOf(deviceSerial)), profile ?? null],
  );
  return rows.map(({ der }) => toHex(der));
}

async function seatValueOf(serialNumber: Uint8Array): Promise<number> {
  const seat = parseSerialNumber(serialNumber);
  const rows = await service.db.query<{ value: number }>(
    'SELECT value FROM ca.revocation WHERE list_id = $1 AND index = $2',
    [seat?.listId, seat?.index],
  );
  return rows[0]?.value ?? 0;
}

const REFUSED_WHEN_CLOSED = ['TOO_MANY_REPLACEMENTS', 'SUBJECT_CLOSED', 'PARENT_INVALID', 'KEY_BLOCKED', 'KEY_REVOKED'];

describe('a status change in the middle of a burst of requests for the same device', () => {
  const acts: { act: string; make: (serial: string) => StatusChange; value: 1 | 2; codes: string[] }[] = [
    {
      act: 'revoke',
      make: (serial) => ({ act: 'revoke', target: devicesOf(serial), reason: 'keyCompromise' }),
      value: 1,
      codes: REFUSED_WHEN_CLOSED,
    },
    {
      act: 'retire',
      make: (serial) => ({ act: 'retire', target: devicesOf(serial) }),
      value: 1,
      codes: REFUSED_WHEN_CLOSED,
    },
    {
      act: 'suspend',
      make: (serial) => ({ act: 'suspend', target: devicesOf(serial), cause: 'audit' }),
      value: 2,
      codes: ['TOO_MANY_REPLACEMENTS', 'SUBJECT_HELD', 'PARENT_SUSPENDED', 'CREDENTIAL_SUSPENDED'],
    },
  ];

  it.each(acts)(
    '$act: each certificate was refused, or is not valid afterwards',
    async ({ act, make, value, codes }) => {
      for (let round = 0; round < 5; round++) {
        const serial = `BURST-${act}-${round}`;
        const idevid = issued(await service.issue(idevidRequest(serial, await service.batchWarrant(1))));
        const requests = Array.from({ length: 24 }, () => credentialRequest(serial, idevid.certificate));
        const answers = requests.map((request, i) => ask(i, request));
        // somewhere in the middle: after as many answers as there were rounds
        await Promise.race([Promise.all(answers.slice(0, round * 2)), answers.at(-1)]);
        await change(make(serial));
        const outcomes = await Promise.all(answers);
        for (const refused of outcomes.filter((one) => typeof one === 'string')) expect(codes).toContain(refused);
        for (const { serialNumber } of outcomes.filter((one) => typeof one !== 'string'))
          expect(await seatValueOf(serialNumber)).not.toBe(0);
        expect(await validOf(serial)).toEqual([]);
        expect(await seatValueOf(idevid.serialNumber)).toBe(value);
        expect(codes).toContain(await service.issue(credentialRequest(serial, idevid.certificate)));
      }
    },
  );

  it('revoking one certificate as compromised: nothing that it asked for meanwhile stays valid', async () => {
    for (let round = 0; round < 5; round++) {
      const serial = `LEAKED-${round}`;
      const idevid = issued(await service.issue(idevidRequest(serial, await service.batchWarrant(1))));
      const ldevid = issued(await service.issue(credentialRequest(serial, idevid.certificate)));
      const answers = Array.from({ length: 12 }, (_, i) => ask(i, credentialRequest(serial, ldevid.certificate)));
      await Promise.all(answers.slice(0, round));
      const target = { kind: 'certificate', serialNumber: ldevid.serialNumber } as const;
      await change({ act: 'revoke', target, reason: 'keyCompromise' });
      const outcomes = await Promise.all(answers);
      for (const { serialNumber } of outcomes.filter((one) => typeof one !== 'string'))
        expect(await seatValueOf(serialNumber)).toBe(1);
      expect(await validOf(serial, 'ldevid')).toEqual([]);
    }
  });
});

const requestOn = async (evidence: string, serial: string, key: TestKey) => {
  if (evidence === 'a batch') return idevidRequest(serial, await service.batchWarrant(1), key);
  if (evidence === 'a token') return tokenRequest(serial, await service.tokenWarrant(serial), key);
  const idevid = issued(await service.issue(idevidRequest(serial, await service.batchWarrant(1))));
  return credentialRequest(serial, idevid.certificate, key);
};

describe('the same request twice at the same time, at two CA processes', () => {
  it.each(['a batch', 'a token', 'a certificate'])('on %s: one certificate, given to both', async (evidence) => {
    for (let round = 0; round < 8; round++) {
      const serial = `DOUBLE-${evidence.replaceAll(' ', '-')}-${round}`;
      const key = generateTestKey();
      const request = await requestOn(evidence, serial, key);
      const outcomes = await Promise.all([0, 1].map((place) => ask(place, request)));
      const [first, second] = outcomes.map(issued);
      expect(toHex(first?.certificate ?? new Uint8Array())).toBe(toHex(second?.certificate ?? new Uint8Array()));
      expect(first?.repeated).not.toBe(second?.repeated);
      expect(await validOf(serial, request.profile)).toHaveLength(1);
    }
  });

  it('for the last place of a batch: one device gets it', async () => {
    for (let round = 0; round < 8; round++) {
      const warrantId = await service.batchWarrant(1);
      const outcomes = await Promise.all(
        [0, 1].map((place) => ask(place, idevidRequest(`LAST-${round}-${place}`, warrantId))),
      );
      expect(outcomes.filter((one) => one === 'WARRANT_SPENT')).toHaveLength(1);
    }
  });

  it('with one key for two devices: one of them has it', async () => {
    for (let round = 0; round < 8; round++) {
      const warrantId = await service.batchWarrant(2);
      const key = generateTestKey();
      const outcomes = await Promise.all(
        [0, 1].map((place) => ask(place, idevidRequest(`SHARED-${round}-${place}`, warrantId, key))),
      );
      expect(outcomes.filter((one) => one === 'KEY_IN_USE')).toHaveLength(1);
    }
  });

  it('with two keys on one token: one certificate is valid afterwards', async () => {
    for (let round = 0; round < 8; round++) {
      const serial = `KEYS-${round}`;
      const warrantId = await service.tokenWarrant(serial);
      const outcomes = await Promise.all([0, 1].map((place) => ask(place, tokenRequest(serial, warrantId))));
      outcomes.forEach(issued);
      expect(await validOf(serial)).toHaveLength(1);
    }
  });
});
