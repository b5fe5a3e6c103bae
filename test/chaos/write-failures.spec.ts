import {
  CaUnavailableError,
  deviceRefOf,
  type IssuedCertificate,
  type IssueOutcome,
  type IssueRequest,
  type StatusOutcome,
} from '@touchmark/ca-port';
import { toHex } from '@touchmark/der';
import { parseSerialNumber } from '@touchmark/status-list';
import { generateTestKey } from '@touchmark/testkit';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Fate, TcpProxy } from '../fixture/tcp-proxy.js';
import { idevidRequest, identityOf, issued, outcomeOf, TestCaService, tokenRequest } from '../fixture/test-ca.js';

let proxy: TcpProxy;
let service: TestCaService;
/** Past the proxy: sees what is there while the CA cannot, and makes tables fail. */
let direct: Client;
let serial = 0;

beforeAll(async () => {
  proxy = await TcpProxy.open(inject('databaseUrl'));
  service = await TestCaService.open(proxy.through(inject('databaseUrl')));
  const url = new URL(inject('databaseUrl'));
  url.pathname = new URL(service.databaseUrl).pathname;
  direct = new Client({ connectionString: url.href });
  await direct.connect();
  await direct.query(`
    CREATE FUNCTION break_off() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the disk is on fire'; END $$`);
});
afterEach(() => {
  proxy.onRequest = () => 'pass';
});
afterAll(async () => {
  await direct?.end();
  await service?.close();
  await proxy?.close();
});

const newSerial = (): string => `W-${serial++}`;
const codes = (outcomes: readonly IssueOutcome[]): string[] => outcomes.map((o) => (o.ok ? 'ok' : o.code));

async function numberOf(sql: string, ...parameters: unknown[]): Promise<number> {
  const { rows } = await direct.query<{ number: number }>(`SELECT (${sql})::int AS number`, parameters);
  return rows[0]?.number ?? Number.NaN;
}

/** Makes every write of a table fail, or of its rows that satisfy `when`, while `work` runs. */
async function failing<T>(table: string, work: () => Promise<T>, when = 'true'): Promise<T> {
  await direct.query(
    `CREATE TRIGGER broken BEFORE INSERT OR UPDATE ON ca.${table} FOR EACH ROW WHEN (${when}) EXECUTE FUNCTION break_off()`,
  );
  try {
    return await work();
  } finally {
    await direct.query(`DROP TRIGGER broken ON ca.${table}`);
  }
}

interface Traces {
  readonly subjects: number;
  readonly credentials: number;
  readonly certificates: number;
  readonly keys: number;
}

async function tracesOf(deviceSerial: string): Promise<Traces> {
  const ref = deviceRefOf(identityOf(deviceSerial));
  return {
    subjects: await numberOf('SELECT count(*) FROM ca.subject WHERE device_ref = $1', ref),
    credentials: await numberOf('SELECT count(*) FROM ca.credential WHERE device_ref = $1', ref),
    certificates: await numberOf('SELECT count(*) FROM ca.certificate WHERE device_ref = $1', ref),
    keys: await numberOf('SELECT count(*) FROM ca.key_owner WHERE device_ref = $1', ref),
  };
}

const nothing: Traces = { subjects: 0, credentials: 0, certificates: 0, keys: 0 };
const whole: Traces = { subjects: 1, credentials: 1, certificates: 1, keys: 1 };

const remaining = (warrantId: string): Promise<number> =>
  numberOf('SELECT remaining FROM ca.warrant WHERE id = $1', warrantId);

const indexOf = (serialNumber: Uint8Array): number => parseSerialNumber(serialNumber)?.index ?? Number.NaN;

// a seat that was signed for is burnt
const firstWrites = [
  { table: 'certificate', burnt: 1 },
  { table: 'credential', burnt: 1 },
  { table: 'subject', burnt: 1 },
  { table: 'key_owner', burnt: 1 },
  { table: 'warrant', burnt: 1 },
  { table: 'issue_quota', burnt: 1 },
];

describe.each(firstWrites)('a first certificate while no $table can be written', ({ table, burnt }) => {
  it('is not issued and leaves nothing; asked for again it is issued once, on another seat', async () => {
    const deviceSerial = newSerial();
    const warrantId = await service.batchWarrant(2);
    const before = issued(await service.issue(idevidRequest(newSerial(), warrantId)));
    const request = idevidRequest(deviceSerial, warrantId);
    const errors = service.errors.length;
    expect(await failing(table, () => service.issue(request))).toBe('INTERNAL');
    expect(service.errors.length).toBeGreaterThan(errors);
    expect(await tracesOf(deviceSerial)).toEqual(nothing);
    expect(await remaining(warrantId)).toBe(1);

    const after = issued(await service.issue(request));
    expect(after.repeated).toBe(false);
    expect(await tracesOf(deviceSerial)).toEqual(whole);
    expect(await remaining(warrantId)).toBe(0);
    expect(toHex(issued(await service.issue(request)).certificate)).toBe(toHex(after.certificate));
    expect(indexOf(after.serialNumber)).toBeGreaterThan(indexOf(before.serialNumber) + burnt);
  });
});

/** Conditions on a new row that one device alone satisfies. */
const poisons: { table: string; when: (deviceRef: string, deviceSerial: string) => string }[] = [
  { table: 'certificate', when: (deviceRef) => `NEW.device_ref = '${deviceRef}'` },
  { table: 'credential', when: (deviceRef) => `NEW.device_ref = '${deviceRef}'` },
  { table: 'subject', when: (_deviceRef, deviceSerial) => `NEW.device_serial = '${deviceSerial}'` },
  { table: 'key_owner', when: (deviceRef) => `NEW.device_ref = '${deviceRef}'` },
];

describe.each(poisons)('one line of a batch that cannot be written to $table', ({ table, when }) => {
  it('is refused alone, and its neighbours are issued', async () => {
    const serials = Array.from({ length: 20 }, newSerial);
    const warrantId = await service.batchWarrant(20);
    const requests = serials.map((one) => idevidRequest(one, warrantId));
    const bad = serials[13] ?? '';
    const outcomes = await failing(
      table,
      () => service.port.issueCertificates(requests),
      when(deviceRefOf(identityOf(bad)), bad),
    );
    expect(codes(outcomes)).toEqual(serials.map((one) => (one === bad ? 'INTERNAL' : 'ok')));
    expect(await tracesOf(bad)).toEqual(nothing);
    expect(await remaining(warrantId)).toBe(1);
    for (const [i, one] of serials.entries()) {
      if (one === bad) continue;
      expect(await tracesOf(one)).toEqual(whole);
      expect(await storedAs(issued(outcomeOf(outcomes[i])).certificate)).toBe(1);
    }
    expect(codes(await service.port.issueCertificates(requests))).toEqual(serials.map(() => 'ok'));
    expect(await remaining(warrantId)).toBe(0);
  });
});

const bytesOf = (one: IssuedCertificate): string => toHex(one.certificate);

const storedAs = (der: Uint8Array): Promise<number> =>
  numberOf('SELECT count(*) FROM ca.certificate WHERE der = $1', Buffer.from(der));

describe.each(['revocation', 'journal', 'journal_head', 'outbox'])(
  'a certificate that takes the place of an unseen one while no %s can be written',
  (table) => {
    it('is not issued, and the unseen one stays; asked for again it takes its place', async () => {
      const deviceSerial = newSerial();
      const warrantId = await service.tokenWarrant(deviceSerial);
      const first = issued(await service.issue(tokenRequest(deviceSerial, warrantId)));
      const request = tokenRequest(deviceSerial, warrantId);
      const head = await numberOf('SELECT sequence FROM ca.journal_head');
      expect(await failing(table, () => service.issue(request))).toBe('INTERNAL');
      expect(await tracesOf(deviceSerial)).toEqual(whole);
      expect(await seatValueOf(first.serialNumber)).toBe(0);
      expect(await numberOf('SELECT sequence FROM ca.journal_head')).toBe(head);

      const second = issued(await service.issue(request));
      expect(await seatValueOf(first.serialNumber)).toBe(1);
      expect(await seatValueOf(second.serialNumber)).toBe(0);
      expect(await numberOf('SELECT sequence FROM ca.journal_head')).toBe(head + 1);
    });

    it('has no status change acknowledged either, and none half done', async () => {
      const deviceSerial = newSerial();
      const { serialNumber } = issued(await service.issue(idevidRequest(deviceSerial, await service.batchWarrant(1))));
      const target = { kind: 'device', identity: identityOf(deviceSerial) } as const;
      const revoke = () => service.port.changeStatus([{ act: 'revoke', target, reason: 'keyCompromise' }]);
      expect(await isAcknowledged(failing(table, revoke))).toBe(false);
      expect(await seatValueOf(serialNumber)).toBe(0);
      expect(
        await numberOf("SELECT count(*) FROM ca.subject WHERE state = 'closed' AND device_serial = $1", deviceSerial),
      ).toBe(0);
      expect(await revoke()).toMatchObject([{ ok: true, seatsChanged: 1 }]);
      expect(await seatValueOf(serialNumber)).toBe(1);
    });
  },
);

/** Neither a refusal of the item nor a failure of the call says that it is done. */
const isAcknowledged = (changing: Promise<readonly StatusOutcome[]>): Promise<boolean> =>
  changing.then(
    ([outcome]) => outcome?.ok === true,
    () => false,
  );

async function seatValueOf(serialNumber: Uint8Array): Promise<number> {
  const seat = parseSerialNumber(serialNumber);
  return numberOf(
    'coalesce((SELECT value FROM ca.revocation WHERE list_id = $1 AND index = $2), 0)',
    seat?.listId,
    seat?.index,
  );
}

/** What the driver sends first for a statement: Query, or Parse, or Bind where the statement is prepared already. */
const isStatement = (octets: Buffer): boolean => 'QPB'.includes(String.fromCharCode(octets[0] ?? 0));
const isCommit = (octets: Buffer): boolean => octets[0] === 0x51 && octets.includes('COMMIT\0');

const requestFor = async (deviceSerial: string): Promise<IssueRequest> =>
  idevidRequest(deviceSerial, await service.batchWarrant(1));

describe('the connection to the database', () => {
  it.each<{ name: string; fate: Fate; stored: Traces; repeated: boolean }>([
    { name: 'before COMMIT arrives: nothing is stored', fate: 'die-before', stored: nothing, repeated: false },
    { name: 'with the answer to COMMIT: the certificate is stored', fate: 'die-after', stored: whole, repeated: true },
  ])(
    'lost $name; nobody gets an answer, and asking again gives one certificate',
    async ({ fate, stored, repeated }) => {
      const deviceSerial = newSerial();
      const request = await requestFor(deviceSerial);
      proxy.onRequest = (octets) => (isCommit(octets) ? fate : 'pass');
      await expect(service.port.issueCertificates([request])).rejects.toThrow(CaUnavailableError);
      proxy.onRequest = () => 'pass';
      expect(await tracesOf(deviceSerial)).toEqual(stored);

      const answered = issued(await service.issue(request));
      expect(answered.repeated).toBe(repeated);
      expect(await tracesOf(deviceSerial)).toEqual(whole);
      expect(await storedAs(answered.certificate)).toBe(1);
    },
  );

  it('lost at any one statement of the transaction: no answer, nothing half made, and the next try succeeds', async () => {
    const places: number[] = [];
    for (let place = 1; ; place++) {
      const deviceSerial = newSerial();
      const request = await requestFor(deviceSerial);
      let sent = 0;
      proxy.onRequest = (octets) => (isStatement(octets) && ++sent === place ? 'die-before' : 'pass');
      const outcome = await service.issue(request).catch((error: unknown) => error);
      proxy.onRequest = () => 'pass';
      if (sent < place) break;
      places.push(place);
      expect(outcome, `at statement ${place}`).toBeInstanceOf(CaUnavailableError);
      expect(await tracesOf(deviceSerial), `at statement ${place}`).toEqual(nothing);
      issued(await service.issue(request));
      expect(await tracesOf(deviceSerial)).toEqual(whole);
    }
    expect(places.length).toBeGreaterThan(8);
  });

  it.each<{ name: string; fate: Fate; value: number }>([
    { name: 'before COMMIT arrives', fate: 'die-before', value: 0 },
    { name: 'with the answer to COMMIT', fate: 'die-after', value: 1 },
  ])('lost $name of a revocation: not acknowledged, and asking again acknowledges it', async ({ fate, value }) => {
    const deviceSerial = newSerial();
    const { serialNumber } = issued(await service.issue(await requestFor(deviceSerial)));
    const target = { kind: 'device', identity: identityOf(deviceSerial) } as const;
    const revoke = () => service.port.changeStatus([{ act: 'revoke', target, reason: 'cessationOfOperation' }]);
    proxy.onRequest = (octets) => (isCommit(octets) ? fate : 'pass');
    expect(await isAcknowledged(revoke())).toBe(false);
    proxy.onRequest = () => 'pass';
    expect(await seatValueOf(serialNumber)).toBe(value);
    expect(await revoke()).toMatchObject([{ ok: true }]);
    expect(await seatValueOf(serialNumber)).toBe(1);
  });

  it('lost while a burst is issued: who was answered has a stored certificate, and asking again completes all', async () => {
    const warrantId = await service.batchWarrant(300);
    const serials = Array.from({ length: 300 }, newSerial);
    const requests = serials.map((one) => idevidRequest(one, warrantId, generateTestKey()));
    let commits = 0;
    proxy.onRequest = (octets) => (isCommit(octets) && ++commits === 2 ? 'die-before' : 'pass');
    const outcomes = await Promise.allSettled(requests.map((request) => service.issue(request)));
    proxy.onRequest = () => 'pass';
    const answered = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [issued(one.value)] : []));
    expect(answered.length).toBeLessThan(300);
    for (const { certificate } of answered) expect(await storedAs(certificate)).toBe(1);

    const again = (await service.port.issueCertificates(requests)).map(outcomeOf).map(issued);
    expect(new Set(again.map((one) => toHex(one.serialNumber))).size).toBe(300);
    const before = outcomes.map((one) => (one.status === 'fulfilled' ? bytesOf(issued(one.value)) : undefined));
    expect(again.map((one, i) => (before[i] === undefined ? undefined : bytesOf(one)))).toEqual(before);
    expect(await remaining(warrantId)).toBe(0);
  });
});
