import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { createHash } from 'node:crypto';
import { decodeSigned, decodeSnapshot } from '@touchmark/status-list';
import { TestStatusSigner } from '@touchmark/testkit';
import { encodePem } from '@touchmark/x509';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { GATEWAY_LIST, TestFeedService } from './fixture/feed.js';
import { now, testRealm } from './fixture/responder.js';

const run = promisify(execFile);

let service: TestFeedService;
beforeAll(async () => {
  service = await TestFeedService.start(inject('databaseUrl'));
});
afterAll(() => service?.close());

const get = (target: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(service.running.url + target, { headers });

const token = (text: string): string => `${text}.claims.signature`;

/** Until the next look at the database, and some more on a busy machine. */
const SOON = { timeout: 8_000, interval: 100 };

/** A 304 to who has it, nothing of the body to HEAD. */
async function expectConditional(target: string): Promise<void> {
  const first = await get(target);
  const body = Buffer.from(await first.arrayBuffer());
  const etag = first.headers.get('etag') ?? '';
  expect(etag).toBe(`"${createHash('sha256').update(body).digest('hex')}"`);
  expect((await get(target, { 'If-None-Match': etag })).status).toBe(304);
  expect((await get(target, { 'If-None-Match': '"other"' })).status).toBe(200);
  const head = await fetch(service.running.url + target, { method: 'HEAD' });
  expect([head.status, head.headers.get('content-length')]).toEqual([200, String(body.length)]);
}

describe('/status/snapshot', () => {
  it('is the newest signed snapshot, for anyone', async () => {
    const answer = await get('/status/snapshot');
    expect(answer.headers.get('content-type')).toBe('application/octet-stream');
    expect(answer.headers.get('cache-control')).toBe('max-age=60, public');
    const { type, payload } = decodeSigned(new Uint8Array(await answer.arrayBuffer()));
    expect([type, decodeSnapshot(payload).sequence]).toEqual(['snapshot', 2]);
    await expectConditional('/status/snapshot');

    await service.revoke(1);
    await service.publishSnapshot();
    await expect
      .poll(async () => {
        const message = decodeSigned(new Uint8Array(await (await get('/status/snapshot')).arrayBuffer()));
        return decodeSnapshot(message.payload).sequence;
      }, SOON)
      .toBe(3);
    await expectConditional('/status/snapshot');
  });
});

describe('/status/signers', () => {
  it('are the certificates of the status keys and who issued them, as openssl reads them', async () => {
    const answer = await get('/status/signers');
    expect(answer.headers.get('content-type')).toBe('application/x-pem-file');
    const pem = await answer.text();
    expect(pem.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    expect(pem).toContain(encodePem('CERTIFICATE', service.chain.signer.certificate.der));
    const folder = await mkdtemp(path.join(tmpdir(), 'touchmark-signers-'));
    try {
      const [signers, anchor] = ['signers.pem', 'anchor.pem'].map((name) => path.join(folder, name));
      await writeFile(String(signers), pem);
      await writeFile(String(anchor), encodePem('CERTIFICATE', service.infrastructure.der));
      const { stdout } = await run('openssl', ['verify', '-CAfile', String(anchor), String(signers)]);
      expect(stdout).toContain('signers.pem: OK');
    } finally {
      await rm(folder, { recursive: true });
    }
    await expectConditional('/status/signers');
  });

  it('are those that are in date', async () => {
    const over = new TestStatusSigner(service.infrastructure, testRealm, {
      notBefore: now() - 60,
      notAfter: now() - 1,
    });
    const other = new TestStatusSigner(service.infrastructure, testRealm, { notBefore: now(), notAfter: now() + 600 });
    await service.publishSigner(over);
    await service.publishSigner(other);
    service.chain.signer = other;
    await service.publishHead();
    await service.knows(service.chain.sequence);
    await expect
      .poll(async () => (await get('/status/signers')).text(), SOON)
      .toContain(encodePem('CERTIFICATE', other.certificate.der));
    const answer = await get('/status/signers');
    expect(await answer.text()).not.toContain(encodePem('CERTIFICATE', over.certificate.der));
  });
});

describe('/status-lists/<id>', () => {
  it('is the newest token of the list, byte for byte', async () => {
    const iat = now();
    await service.publishToken(GATEWAY_LIST, token('first'), { iat, exp: iat + 600 });
    const target = `/status-lists/${GATEWAY_LIST}`;
    await expect.poll(async () => (await get(target)).status, SOON).toBe(200);
    const answer = await get(target);
    expect(answer.headers.get('content-type')).toBe('application/statuslist+jwt');
    expect(answer.headers.get('last-modified')).toBe(new Date(iat * 1000).toUTCString());
    expect(await answer.text()).toBe(token('first'));
    await expectConditional(target);

    await service.publishToken(GATEWAY_LIST, token('second'), { iat: iat + 1, exp: iat + 600 });
    await expect.poll(async () => (await get(target)).text(), SOON).toBe(token('second'));
    // one from before comes from a database that went back
    await service.publishToken(GATEWAY_LIST, token('old'), { iat: iat - 5, exp: iat + 600 });
    await service.running.responder.statusTokens.refresh();
    expect(await (await get(target)).text()).toBe(token('second'));
  });

  it('is cached no longer than it lives, and not served past its end', async () => {
    const iat = now();
    await service.publishToken(4, token('short'), { iat, exp: iat + 6 });
    await expect.poll(async () => (await get('/status-lists/4')).status, SOON).toBe(200);
    const fresh = await get('/status-lists/4');
    expect(Number(/max-age=(\d+)/.exec(fresh.headers.get('cache-control') ?? '')?.[1])).toBeLessThanOrEqual(6);
    await expect.poll(async () => (await get('/status-lists/4')).status, SOON).toBe(503);
    const over = await get('/status-lists/4');
    expect([over.headers.get('retry-after'), over.headers.get('cache-control')]).toEqual(['5', 'no-store']);
    expect(await over.text()).toBe('');
  });

  it.each(['99', 'x', '3.jwt', '-1', '3/4', '99999999999'])('has nothing for %s', async (id) => {
    expect((await get(`/status-lists/${id}`)).status).toBe(404);
  });
});

it('everything is served while the database is away', async () => {
  await service.database.allowConnections(false);
  try {
    await service.running.responder.feedHub.refresh();
    for (const target of ['/status/snapshot', '/status/signers', `/status-lists/${GATEWAY_LIST}`])
      expect([target, (await get(target)).status]).toEqual([target, 200]);
  } finally {
    await service.database.allowConnections(true);
  }
});
