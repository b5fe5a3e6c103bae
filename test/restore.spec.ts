import type { IssuedCertificate, StatusChange } from '@touchmark/ca-port';
import { equalBytes } from '@touchmark/der';
import { JournalFollower, parseSeat, type SeatValue } from '@touchmark/status-list';
import { Database, journalHead, statusLists } from '@touchmark/store';
import { makeTestRequest } from '@touchmark/testkit';
import { findRevoked, parseCertificate, parseCertificateList } from '@touchmark/x509';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import type { Ca } from '../apps/ca/src/ca.js';
import { CaClock } from '../apps/ca/src/ca-clock.js';
import { BeginEpoch } from '../apps/ca/src/restore/begin-epoch.js';
import { differences, keyIdOf, publishedMessages, StatusSigners } from './fixture/published-status.js';
import { TableBackup } from './fixture/table-backup.js';
import {
  credentialRequest,
  idevidRequest,
  identityOf,
  issued,
  outcomeOf,
  TestCaService,
  testModel,
  tokenRequest,
} from './fixture/test-ca.js';

const device = (serial: string) => ({ kind: 'device', identity: identityOf(serial) }) as const;
const keyCompromise = (serial: string): StatusChange => ({
  act: 'revoke',
  target: device(serial),
  reason: 'keyCompromise',
});

/** What is left of a service whose database was lost, besides its keys and a backup: what a gateway has kept. */
interface Kept {
  readonly keys: StatusSigners;
  readonly signers: readonly Uint8Array[];
  readonly snapshot: Uint8Array;
  readonly batches: readonly Uint8Array[];
  readonly head: Uint8Array;
  readonly highestListId: number;
  readonly crlNumber: number;
}

let service: TestCaService;
let relay: Database;
let backup: TableBackup;
let kept: Kept;
let certificates: Map<string, IssuedCertificate>;

beforeAll(async () => {
  service = await TestCaService.open(inject('databaseUrl'), { blockSize: 16 });
  relay = await Database.open({ url: service.databaseUrl, poolSize: 2, applicationName: 'test relay' });
  certificates = new Map();
  for (const serial of ['stays', 'revoked-before', 'revoked-after', 'suspended-after', 'ldevid-revoked-after'])
    await provision(serial);
  await change(keyCompromise('revoked-before'));
  backup = await TableBackup.take(service.databaseUrl);

  await provision('issued-after');
  await provision('issued-after-revoked');
  for (let i = 0; i < 20; i++) await provision(`new-block-${i}`);
  const ldevid = await service.issue(credentialRequest('ldevid-revoked-after', of('ldevid-revoked-after').certificate));
  certificates.set('an-ldevid', issued(ldevid));
  for (const serial of ['revoked-after', 'issued-after-revoked', 'new-block-19']) {
    await publishOnce(service.ca);
    await change(keyCompromise(serial));
  }
  await change({
    act: 'revoke',
    target: { kind: 'certificate', serialNumber: of('an-ldevid').serialNumber },
    reason: 'superseded',
  });
  await change({ act: 'suspend', target: device('suspended-after'), cause: 'lost' });
  await publishOnce(service.ca);
  kept = await keptByGateway();
});
afterAll(async () => {
  await relay?.close();
  await service?.close();
});
beforeEach(() => backup.restore());

async function provision(serial: string): Promise<void> {
  certificates.set(serial, issued(await service.issue(idevidRequest(serial, await service.batchWarrant(1)))));
}

function of(name: string): IssuedCertificate {
  const certificate = certificates.get(name);
  if (!certificate) throw new Error(`no certificate ${name}`);
  return certificate;
}

async function change(one: StatusChange, ca: Ca = service.ca): Promise<void> {
  expect(await ca.portFor('enrollment').changeStatus([one])).toMatchObject([{ ok: true }]);
}

async function publishOnce(ca: Ca): Promise<void> {
  await (await ca.startStatusPublisher()).stop();
}

async function keptByGateway(): Promise<Kept> {
  const { snapshots, batches, head } = await publishedMessages(relay);
  const snapshot = snapshots.at(-1);
  if (!snapshot || !head) throw new Error('nothing is published');
  const rows = await relay.query<{ certificate: Uint8Array }>('SELECT certificate FROM publication.status_signer');
  return {
    keys: await new StatusSigners().learn(relay),
    signers: rows.map(({ certificate }) => certificate),
    snapshot,
    batches,
    head,
    highestListId: Math.max(...(await statusLists(relay)).map(({ id }) => id)),
    crlNumber: (await crlOf(of('stays'))).number,
  };
}

/** A gateway as it was before the loss. */
function follower(): JournalFollower {
  const one = new JournalFollower({ verify: kept.keys.verify });
  one.apply(kept.snapshot);
  return one;
}

/** Gives it the news of the restored service. */
async function news(one: JournalFollower): Promise<void> {
  await kept.keys.learn(relay);
  const { snapshots, head = new Uint8Array() } = await publishedMessages(relay);
  one.apply(snapshots.at(-1) ?? new Uint8Array());
  one.apply(head);
}

function valueOf(one: JournalFollower, name: string): SeatValue | 'unknown' {
  const { serialNumber, issuer } = parseCertificate(of(name).certificate);
  const authority = service.authorities
    .describe()
    .find(({ certificate }) => equalBytes(parseCertificate(certificate).subject, issuer));
  const seat = parseSeat(serialNumber);
  if (!authority || !seat) throw new Error('no seat');
  return one.lookup(keyIdOf(authority.certificate), seat);
}

async function crlOf({ serialNumber }: IssuedCertificate) {
  const [row] = await relay.query<{ number: string; der: Uint8Array }>(
    'SELECT number, der FROM ca.crl WHERE list_id = $1',
    [parseSeat(serialNumber)?.listId],
  );
  if (!row) throw new Error('no CRL');
  return { number: Number(row.number), crl: parseCertificateList(row.der) };
}

const messages = (): Uint8Array[] => [...kept.batches, kept.snapshot, kept.head];

describe('a new epoch on a restored database', () => {
  it('revokes anew what the messages prove, and a gateway of before takes its snapshot and goes on refusing', async () => {
    const gateway = follower();
    const ca = service.makeCa();
    expect(await ca.beginEpoch.run({ signers: kept.signers, messages: messages() })).toEqual({
      epoch: 2,
      // of the root and of IDevIDs
      listsSealed: 2,
      seatsRevoked: 2,
      seatsSuspended: 1,
      certificatesUnknown: 1,
      devicesHeld: 1,
      // one in a block, one in a list that are lost
      seatsBeyond: 2,
    });
    await news(gateway);
    expect(gateway.position).toMatchObject(await journalHead(relay));
    expect(gateway.position?.epoch).toBe(2);
    const values = [
      'revoked-before',
      'revoked-after',
      'issued-after-revoked',
      'new-block-19',
      'an-ldevid',
      'suspended-after',
    ];
    expect(values.map((name) => valueOf(gateway, name))).toEqual([1, 1, 1, 'unknown', 'unknown', 2]);
    expect(['stays', 'ldevid-revoked-after', 'issued-after'].map((name) => valueOf(gateway, name))).toEqual([0, 0, 0]);
    expect(await differences(relay, gateway)).toEqual([]);
    // and it does not go back
    for (const message of messages()) expect(() => gateway.apply(message)).toThrow('EPOCH_BACK');
  });

  it('makes CRLs with higher numbers that list what is revoked anew', async () => {
    await service.makeCa().beginEpoch.run({ signers: kept.signers, messages: messages() });
    const { number, crl } = await crlOf(of('stays'));
    expect(number).toBeGreaterThan(kept.crlNumber);
    for (const name of ['revoked-before', 'revoked-after', 'suspended-after'])
      expect(findRevoked(crl, of(name).serialNumber)).toBeDefined();
    expect(findRevoked(crl, of('stays').serialNumber)).toBeUndefined();
  });

  it('gives no seat a second time: not in a sealed list, and no list has the id of a lost one', async () => {
    const ca = service.makeCa();
    await ca.beginEpoch.run({ signers: kept.signers, messages: messages() });
    const port = ca.portFor('enrollment');
    const warrantId = await service.batchWarrant(1);
    const next = issued(outcomeOf((await port.issueCertificates([idevidRequest('after-restore', warrantId)]))[0]));
    expect(parseSeat(next.serialNumber)?.listId).toBeGreaterThan(kept.highestListId);
  });

  it('holds a device that has no valid certificate left until somebody releases it', async () => {
    const ca = service.makeCa();
    await ca.beginEpoch.run({ signers: kept.signers, messages: messages() });
    const port = ca.portFor('enrollment');
    const enroll = async (serial: string) =>
      outcomeOf((await port.issueCertificates([tokenRequest(serial, await service.tokenWarrant(serial))]))[0]);
    expect(await enroll('revoked-after')).toBe('SUBJECT_HELD');
    await change({ act: 'release', target: device('revoked-after'), cause: 'restored' }, ca);
    expect(await enroll('revoked-after')).toMatchObject({ ok: true });
    const { serialNumber } = of('suspended-after');
    await change({ act: 'release', target: { kind: 'certificate', serialNumber }, cause: 'restored' }, ca);
  });

  it('is told in any order, with repetitions and without what the news begin with: invalid stays invalid', async () => {
    const gateway = follower();
    const some = kept.batches.slice(2).toReversed();
    expect(some.length).toBeGreaterThan(1);
    await service.makeCa().beginEpoch.run({ signers: kept.signers, messages: [...some, ...some] });
    await news(gateway);
    expect(['issued-after-revoked', 'suspended-after'].map((name) => valueOf(gateway, name))).toEqual([1, 2]);
    expect(await differences(relay, gateway)).toEqual([]);
  });

  it('is the one that was asked for, if no message is of it or a later one', async () => {
    const ca = service.makeCa();
    const asked = { signers: kept.signers, messages: messages() };
    await expect(ca.beginEpoch.run({ ...asked, epoch: 1 })).rejects.toMatchObject({ code: 'EPOCH_NOT_HIGHER' });
    expect((await journalHead(relay)).epoch).toBe(1);
    expect(await ca.beginEpoch.run({ ...asked, epoch: 9 })).toMatchObject({ epoch: 9 });
    expect(await ca.beginEpoch.run(asked)).toMatchObject({ epoch: 10, seatsRevoked: 0 });
  });

  it('cut off after its commit is published by the next start', async () => {
    const gateway = follower();
    const begin = new BeginEpoch({
      db: service.db,
      clock: new CaClock(() => service.now(), 60),
      realm: testModel.realm,
      infrastructure: infrastructure(),
      refreshCrl: () => Promise.resolve(),
      publishSnapshot: () => Promise.reject(new Error('killed')),
    });
    await expect(begin.run({ signers: kept.signers, messages: messages() })).rejects.toThrow('killed');
    await publishOnce(service.makeCa());
    await news(gateway);
    expect(gateway.position?.epoch).toBe(2);
    expect(await differences(relay, gateway)).toEqual([]);
    const jobs = await relay.query(`SELECT DISTINCT key FROM ca.outbox WHERE queue = 'crl'`);
    expect(jobs).toHaveLength(2);
  });
});

const infrastructure = (): Uint8Array[] =>
  service.authorities.describe().flatMap(({ kind, certificate }) => (kind === 'infrastructure' ? [certificate] : []));

/** What comes of a request that changes nothing. */
async function refused(request: { signers: readonly Uint8Array[]; messages: readonly Uint8Array[] }): Promise<unknown> {
  const before = await journalHead(relay);
  const error: unknown = await service
    .makeCa()
    .beginEpoch.run(request)
    .catch((reason: unknown) => reason);
  expect(await journalHead(relay)).toEqual(before);
  return error;
}

describe('messages that prove nothing', () => {
  it('by a signer that is none of ours, or no signer of status: refused, and nothing changes', async () => {
    const foreign = makeTestRequest().der;
    expect(await refused({ signers: [foreign], messages: [] })).toMatchObject({
      code: 'EVIDENCE_SIGNER_REFUSED',
      context: { place: 0 },
    });
    const { certificate } = await service.makeCa().serviceCertificates.run({
      profile: 'gateway-client',
      name: 'edge-1',
      fields: { realm: testModel.realm, name: 'edge-1' },
      csr: makeTestRequest().der,
    });
    for (const other of [certificate, of('stays').certificate])
      expect(await refused({ signers: [...kept.signers, other], messages: [] })).toMatchObject({
        code: 'EVIDENCE_SIGNER_REFUSED',
      });
  });

  it('of an unknown signer, changed, or cut short: refused with their place, and nothing changes', async () => {
    const changed = kept.snapshot.slice();
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    for (const [signers, message, cause] of [
      [[], kept.snapshot, 'FOREIGN_KEY'],
      [kept.signers, changed, 'SIGNATURE_INVALID'],
      [kept.signers, kept.head.subarray(0, 40), 'TRUNCATED'],
    ] as const)
      expect(
        await refused({ signers, messages: [kept.head, message].slice(signers.length === 0 ? 1 : 0) }),
      ).toMatchObject({
        code: 'EVIDENCE_REFUSED',
        cause: { code: cause },
      });
  });

  it('by a signer that the database knows as revoked: refused as a stranger’s', async () => {
    const ca = service.makeCa();
    await publishOnce(ca);
    const [row] = await relay.query<{ certificate: Uint8Array }>('SELECT certificate FROM publication.status_signer');
    const message = (await publishedMessages(relay)).snapshots.at(-1);
    if (!row || !message) throw new Error('no signer');
    const { serialNumber } = parseCertificate(row.certificate);
    await ca.revokeServiceCertificate.run({ serialNumber, reason: 'keyCompromise' });
    expect(await refused({ signers: [row.certificate], messages: [message] })).toMatchObject({
      code: 'EVIDENCE_REFUSED',
      cause: { code: 'FOREIGN_KEY' },
    });
  });
});
