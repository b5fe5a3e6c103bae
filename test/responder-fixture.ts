import { randomBytes } from 'node:crypto';
import { Module } from '@nestjs/common';
import type { CaPort } from '@touchmark/ca-port';
import { encodeNull, Oid } from '@touchmark/der';
import { createApplication, createLogger, openListeners, systemClock, systemRandomBytes } from '@touchmark/server';
import { encodeSerialNumber } from '@touchmark/status-list';
import {
  appendJournal,
  Database,
  insertAuthority,
  insertCertificates,
  insertStatusList,
  type JournalEntry,
  migrate,
  removeSuspensions,
  saveCrl,
  saveRevocations,
} from '@touchmark/store';
import { createTestDatabase } from '../libs/testkit/src/test-database.js';
import { TestCa, type TestCertificate } from '@touchmark/testkit';
import { encodeExtension, parseCertificationRequest } from '@touchmark/x509';
import { Client } from 'pg';
import { Responder } from '../apps/responder/src/responder.js';
import { ResponderModule } from '../apps/responder/src/responder.module.js';
import { type ResponderSettings, responderSettings } from '../apps/responder/src/responder-settings.js';

const DAY = 86_400;
export const now = (): number => systemClock.now();

/** A CA's side of the database, written by hand: one authority of each kind asked for, and what the tests issue and revoke. */
export class TestAuthorityDatabase {
  readonly ca: Database;
  readonly adminUrl: string;
  readonly responderUrl: string;
  readonly authorities = new Map<string, TestCa>();
  private readonly end: () => Promise<void>;

  private constructor(ca: Database, adminUrl: string, responderUrl: string, end: () => Promise<void>) {
    this.ca = ca;
    this.adminUrl = adminUrl;
    this.responderUrl = responderUrl;
    this.end = end;
  }

  static async create(adminUrl: string): Promise<TestAuthorityDatabase> {
    const database = await createTestDatabase(adminUrl);
    await migrate(database.url);
    const ca = await Database.open({ url: database.url, poolSize: 4, applicationName: 'test ca' });
    // the role that an operator makes: the views and nothing else
    const role = `responder_${randomBytes(6).toString('hex')}`;
    await ca.query(`CREATE ROLE ${role} LOGIN PASSWORD 'responder'`);
    await ca.query(`GRANT USAGE ON SCHEMA publication TO ${role}`);
    await ca.query(`GRANT SELECT ON ALL TABLES IN SCHEMA publication TO ${role}`);
    const url = new URL(database.url);
    url.username = role;
    url.password = 'responder';
    return new TestAuthorityDatabase(ca, adminUrl, url.href, async () => {
      await ca.query(`DROP OWNED BY ${role}`);
      await ca.query(`DROP ROLE ${role}`);
      await ca.close();
      await database.drop();
    });
  }

  async addAuthority(id: string, kind: 'ldevid' | 'idevid'): Promise<TestCa> {
    const authority = TestCa.root({ subject: `Test ${id} CA`, ...validity() });
    this.authorities.set(id, authority);
    await this.ca.transaction((tx) => insertAuthority(tx, { id, kind, issuerId: null, certificate: authority.der }));
    return authority;
  }

  /** Opens a list with its first `leasedTo` seats leased. */
  async openList(id: number, authorityId: string, leasedTo: number): Promise<void> {
    const uris = { crlUri: `http://x/crl/${id}.crl`, ocspUri: 'http://x/ocsp', caIssuersUri: 'http://x/ca.cer' };
    await this.ca.transaction(async (tx) => {
      await insertStatusList(tx, {
        id,
        authorityId,
        bucket: `test-${id}`,
        notAfter: now() + DAY,
        openedAt: now(),
        ...uris,
      });
      await tx.query('UPDATE ca.status_list SET leased_to = $2 WHERE id = $1', [id, leasedTo]);
      await appendJournal(tx, [
        { kind: 'list-opened', listId: id },
        { kind: 'block-leased', listId: id, leasedTo },
      ]);
    });
  }

  async issue(listId: number, index: number, authorityId: string): Promise<TestCertificate & { random: Uint8Array }> {
    const random = new Uint8Array(randomBytes(8));
    const certificate = this.caOf(authorityId).issue({
      serialNumber: encodeSerialNumber({ listId, index, random }),
      ...validity(),
    });
    await this.ca.transaction((tx) =>
      insertCertificates(tx, [{ listId, index, random, deviceRef: null, credentialId: null, der: certificate.der }]),
    );
    return { ...certificate, random };
  }

  /** Revokes (or suspends) seats in one transaction; answers the database's time after the commit. */
  async revoke(listId: number, indexes: readonly number[], reason: number, value: 1 | 2 = 1): Promise<number> {
    await this.ca.transaction(async (tx) => {
      const seat = {
        listId,
        random: new Uint8Array(8),
        value,
        reason,
        revokedAt: now(),
        invalidityDate: null,
        holds: [],
      };
      await saveRevocations(
        tx,
        indexes.map((index) => ({ ...seat, index })),
      );
      await this.journal(tx, { kind: 'seats', listId, indexes, values: indexes.map(() => value) });
    });
    const [row] = await this.ca.query<{ at: string }>('SELECT extract(epoch FROM clock_timestamp()) AS at');
    return Number(row?.at);
  }

  async release(listId: number, index: number): Promise<void> {
    await this.ca.transaction(async (tx) => {
      await removeSuspensions(tx, [{ listId, index }]);
      await this.journal(tx, { kind: 'seats', listId, indexes: [index], values: [0] });
    });
  }

  async publishCrl(listId: number, number: number, nextUpdate: number, der: Uint8Array): Promise<void> {
    const position = { epoch: 1, sequence: 0 };
    await this.ca.transaction((tx) => saveCrl(tx, { listId, number, thisUpdate: now(), nextUpdate, position, der }));
  }

  /** Shuts everybody out of the database, as if the server were away. Statements by other databases' connections go on. */
  async allowConnections(allowed: boolean): Promise<void> {
    const name = new URL(this.responderUrl).pathname.slice(1);
    const client = new Client({ connectionString: this.adminUrl });
    await client.connect();
    await client.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS ${allowed}`);
    if (!allowed)
      await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
    await client.end();
  }

  /** The one call of the CA port that a responder may make. */
  get renewOcspSigners(): CaPort['renewOcspSigners'] {
    return async (requests) =>
      requests.map(({ authorityId, csr }) => {
        const ca = this.caOf(authorityId);
        const { subjectPublicKeyInfo } = parseCertificationRequest(csr);
        const notAfter = now() + 7 * DAY;
        const { der } = ca.issue({
          subject: `OCSP signer of ${authorityId}`,
          key: { ...ca.key, subjectPublicKeyInfo },
          notBefore: now() - 3600,
          notAfter,
          extKeyUsage: [Oid.OCSPSigning],
          subjectAltName: null,
          extraExtensions: [encodeExtension(Oid.ocspNocheck, false, encodeNull())],
        });
        return { ok: true, certificate: der, notAfter };
      });
  }

  close(): Promise<void> {
    return this.end();
  }

  private caOf(authorityId: string): TestCa {
    const ca = this.authorities.get(authorityId);
    if (!ca) throw new TypeError(`no authority ${authorityId}`);
    return ca;
  }

  private async journal(tx: Parameters<typeof appendJournal>[0], entry: JournalEntry): Promise<void> {
    await appendJournal(tx, [entry]);
  }
}

export interface RunningResponder {
  readonly url: string;
  readonly responder: Responder;
  readonly log: Record<string, unknown>[];
  close(): Promise<void>;
}

export async function startResponder(
  databaseUrl: string,
  ca: Pick<CaPort, 'renewOcspSigners'>,
  settings: Partial<ResponderSettings> = {},
): Promise<RunningResponder> {
  const log: Record<string, unknown>[] = [];
  const logger = createLogger({
    level: 'info',
    format: 'json',
    clock: systemClock,
    destination: { write: (line) => void log.push(JSON.parse(line)) },
  });
  const db = await Database.open({ url: databaseUrl, poolSize: 4, applicationName: 'test responder' });

  @Module({
    imports: [
      ResponderModule.register({
        db,
        ca,
        now,
        settings: responderSettings.parse(settings),
        log: logger,
      }),
    ],
  })
  class RootModule {}

  const app = await createApplication(RootModule, {
    logger,
    randomBytes: systemRandomBytes,
    describeError: () => undefined,
  });
  const running = await openListeners(app, [{ name: 'public', host: '127.0.0.1', port: 0, setting: 'TEST' }]);
  return {
    url: running.listener('public').url,
    responder: app.get(Responder),
    log,
    close: async () => {
      await running.close(0);
      await db.close();
    },
  };
}

const validity = (): { notBefore: number; notAfter: number } => ({
  notBefore: now() - 3600,
  notAfter: now() + 365 * DAY,
});
