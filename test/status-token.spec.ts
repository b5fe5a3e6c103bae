import { X509Certificate } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import { Database, statusLists } from '@touchmark/store';
import { TokenStatusListSource, verifyPath } from '@touchmark/verifier';
import { parseCertificate } from '@touchmark/x509';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import type { StatusPublisher } from '../apps/ca/src/status-publication/status-publisher.js';
import { credentialRequest, idevidRequest, identityOf, issued, TestCaService, testModel } from './fixture/test-ca.js';
import { seatsByTables } from './fixture/published-status.js';

let service: TestCaService;
let relay: Database;
let publisher: StatusPublisher;
beforeAll(async () => {
  service = await TestCaService.open(inject('databaseUrl'), { blockSize: 16 });
  relay = await Database.open({ url: service.databaseUrl, poolSize: 2, applicationName: 'test relay' });
  publisher = await service.ca.startStatusPublisher();
});
afterAll(async () => {
  await publisher?.stop();
  await relay?.close();
  await service?.close();
});

const claims = z.strictObject({
  sub: z.string(),
  iat: z.int(),
  exp: z.int(),
  ttl: z.int(),
  status_list: z.strictObject({ bits: z.literal(2), lst: z.base64url() }),
});
const header = z.strictObject({
  alg: z.literal('ES256'),
  typ: z.literal('statuslist+jwt'),
  kid: z.base64url(),
  x5c: z.tuple([z.base64(), z.base64()]),
});

interface TokenRow {
  readonly listId: number;
  readonly jwt: string;
  readonly iat: string;
  readonly exp: string;
}

const tokens = (): Promise<TokenRow[]> =>
  relay.query<TokenRow>('SELECT list_id AS "listId", jwt, iat, exp FROM publication.status_token ORDER BY list_id');

/** Reads a token as somebody would who knows jose, zlib and the standard, and nothing of us but the infrastructure CA. */
async function read(
  jwt: string,
): Promise<{ payload: z.infer<typeof claims>; statusOf: (index: number) => number | undefined }> {
  const { x5c } = header.parse(decodeProtectedHeader(jwt));
  const [signer, issuer] = x5c.map((der) => new X509Certificate(Buffer.from(der, 'base64')));
  const infrastructure = service.authorities.describe().find(({ kind }) => kind === 'infrastructure');
  if (!signer || !issuer || !infrastructure) throw new Error('no path');
  expect(Buffer.compare(issuer.raw, infrastructure.certificate)).toBe(0);
  expect(signer.verify(issuer.publicKey)).toBe(true);
  expect(signer.subjectAltName).toContain('/status/');
  const { payload } = await jwtVerify(jwt, signer.publicKey, { typ: 'statuslist+jwt', algorithms: ['ES256'] });
  const checked = claims.parse(payload);
  const octets = inflateSync(Buffer.from(checked.status_list.lst, 'base64url'));
  const statusOf = (index: number): number | undefined => {
    const octet = octets[Math.floor(index / 4)];
    return octet === undefined ? undefined : (octet >> ((index % 4) * 2)) & 3;
  };
  return { payload: checked, statusOf };
}

async function revoke(serial: string): Promise<void> {
  const target = { kind: 'device', identity: identityOf(serial) } as const;
  const [outcome] = await service.port.changeStatus([{ act: 'revoke', target, reason: 'superseded' }]);
  expect(outcome).toMatchObject({ ok: true });
}

describe('the Status List Token of each list', () => {
  it('is made where it is missing, the root’s list included, and says of every seat what the tables say', async () => {
    const warrantId = await service.batchWarrant(5);
    for (const serial of ['A', 'B', 'C', 'D', 'E']) issued(await service.issue(idevidRequest(serial, warrantId)));
    await revoke('B');
    const target = { kind: 'device', identity: identityOf('D') } as const;
    await service.port.changeStatus([{ act: 'suspend', target, cause: 'lost' }]);
    await service.ca.refreshCrl.catchUp();

    const made = await tokens();
    expect(made.map(({ listId }) => listId)).toEqual((await statusLists(relay)).map(({ id }) => id));
    const seats = await seatsByTables(relay);
    const found = new Set<number>();
    for (const { listId, jwt, iat, exp } of made) {
      const { payload, statusOf } = await read(jwt);
      expect(payload).toMatchObject({ sub: `http://localhost:8080/status-lists/${listId}`, ttl: 300 });
      expect([payload.iat, payload.exp]).toEqual([Number(iat), Number(exp)]);
      expect(payload.exp).toBe(payload.iat + 86_400);
      const list = seats.find((one) => one.listId === listId);
      for (let index = 0; index < (list?.leasedTo ?? 0); index++) {
        expect(statusOf(index)).toBe(list?.values.get(index) ?? 0);
        found.add(statusOf(index) ?? 3);
      }
    }
    expect(found).toEqual(new Set([0, 1, 2]));
  });

  it('speaks for seats that an open list leases later, and for none beyond the lease of a sealed one', async () => {
    const row = (await statusLists(relay)).find(
      ({ leasedTo, authorityId }) => leasedTo > 0 && authorityId.startsWith('idevid'),
    );
    if (!row) throw new Error('no list');
    const tokenOf = async (): Promise<string> => (await tokens()).find(({ listId }) => listId === row.id)?.jwt ?? '';
    expect((await read(await tokenOf())).statusOf(2 ** 20 - 1)).toBe(0);
    await relay.query(`UPDATE ca.status_list SET state = 'sealed' WHERE id = $1`, [row.id]);
    await service.ca.refreshCrl.run(row.id);
    const { statusOf } = await read(await tokenOf());
    expect([statusOf(row.leasedTo - 1), statusOf(row.leasedTo)]).toEqual([0, undefined]);
  });

  it('is there as soon as its list is open, and comes with each CRL', async () => {
    const before = (await tokens()).length;
    const idevid = issued(await service.issue(idevidRequest('F', await service.batchWarrant(1))));
    issued(await service.issue(credentialRequest('F', idevid.certificate)));
    expect(await tokens()).toHaveLength(before + 1);
    const lists = (await statusLists(relay)).map(({ id }) => id);
    expect((await tokens()).map(({ listId }) => listId)).toEqual(lists);
  });

  it('is made by the clock when it is old, and is as young as the CRL that is made with it', async () => {
    service.advance(3600);
    const before = await tokens();
    expect(await service.ca.refreshCrl.makeDue()).toBe((await statusLists(relay)).length);
    const after = await tokens();
    expect(after.map(({ listId }) => listId)).toEqual(before.map(({ listId }) => listId));
    for (const [i, { jwt }] of after.entries()) expect(jwt).not.toBe(before[i]?.jwt);
  });

  it('is what the verifier judges by, the root’s list and the signer’s seat included', async () => {
    const warrantId = await service.batchWarrant(2);
    const [kept, lost] = [
      issued(await service.issue(idevidRequest('G', warrantId))),
      issued(await service.issue(idevidRequest('H', warrantId))),
    ];
    await revoke('H');
    await service.ca.refreshCrl.catchUp();
    const authorities = service.authorities.describe();
    const byKind = (kind: string): Uint8Array[] =>
      authorities.flatMap((one) => (one.kind === kind ? [one.certificate] : []));
    const source = new TokenStatusListSource({
      publicUrl: 'http://localhost:8080',
      realm: testModel.realm,
      signerIssuers: byKind('infrastructure'),
      trustAnchors: byKind('root'),
    });
    const made = await tokens();
    for (const { jwt, listId } of made) expect(source.add(jwt)).toEqual({ ok: true, listId, ttl: 300 });
    const judge = (der: Uint8Array): string => {
      const result = verifyPath({
        chain: [der],
        trustAnchors: byKind('root').map((root) => parseCertificate(root)),
        intermediates: authorities.map(({ certificate }) => parseCertificate(certificate)),
        at: Math.max(...made.map(({ iat }) => Number(iat))),
        purpose: 'any',
        requireExtKeyUsage: false,
        revocation: { sources: [source] },
      });
      return result.ok ? 'accepted' : result.error.message;
    };
    expect([judge(kept.certificate), judge(lost.certificate)]).toEqual(['accepted', 'CERT_REVOKED at depth 0']);
  });

  it('never goes back', async () => {
    const { listId = 0, jwt = '' } = (await tokens()).at(-1) ?? {};
    await relay.query('UPDATE ca.status_token SET sequence = sequence + 1000 WHERE list_id = $1', [listId]);
    await service.ca.refreshCrl.run(listId);
    expect((await tokens()).at(-1)?.jwt).toBe(jwt);
  });
});
