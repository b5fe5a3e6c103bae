import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';

import { SeatValue } from '@touchmark/status-list';
import { TEST_NOW, type TestCertificate, TestFeed, TestStatus } from '@touchmark/testkit';
import { Verifier } from '@touchmark/verifier';
import { encodePem } from '@touchmark/x509';
import { afterEach, expect, it, vi } from 'vitest';

const readme = readFileSync(path.join(import.meta.dirname, '../../libs/verifier/README.md'), 'utf8');
const [, block = ''] = /^```ts\n([\s\S]*?)^```$/m.exec(readme) ?? [];

afterEach(() => vi.useRealTimers());

/** Runs the block as it stands but for where the feed and the folder are; answers the verifier that it opened. */
async function typed(feed: TestFeed, cacheDir: string, server: Server, rootDer: Uint8Array): Promise<Verifier> {
  const text = block.replace('https://status.example.com:8444', feed.url).replace('./status', cacheDir);
  // oxlint-disable-next-line typescript/no-implied-eval, no-new-func -- the text of the document is what is tested
  const run = new Function(
    'Verifier',
    'rootDer',
    'tls',
    'server',
    `return (async () => { ${text}; return verifier; })()`,
  );
  const verifier: unknown = await run(Verifier, rootDer, feed.tls, server);
  if (!(verifier instanceof Verifier)) throw new TypeError('the block opens a verifier');
  return verifier;
}

function pemOf({ der, key }: TestCertificate): { cert: string; key: string } {
  return {
    cert: encodePem('CERTIFICATE', der),
    key: key.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  };
}

it('the first use in README: lets a device in, ends its connection when it is revoked, lets nobody else in', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: TEST_NOW * 1000 });
  const status = new TestStatus();
  const feed = await TestFeed.open(status, () => TEST_NOW);
  const cacheDir = mkdtempSync(path.join(tmpdir(), 'touchmark-readme-'));
  const gateway = status.issueInfrastructure('gateway/g-1');
  const server = createServer({ ...pemOf(gateway), requestCert: true, rejectUnauthorized: false });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const verifier = await typed(feed, cacheDir, server, status.root.der);
  server.on('secureConnection', (socket: TLSSocket) => socket.write('hello'));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port');
  const dial = (credentials: object): TLSSocket =>
    connect({ port: address.port, host: 'localhost', rejectUnauthorized: false, ...credentials }).on(
      'error',
      () => undefined,
    );

  expect(block.trim().split('\n').length).toBeLessThanOrEqual(10);
  const device = status.issueDevice('A-1');
  const let_in = dial(pemOf(device));
  expect(String(await once(let_in, 'data'))).toBe('hello');
  await Promise.all(
    [dial({}), dial(pemOf(gateway))].map((socket, n) => (n === 0 ? once(socket, 'close') : once(socket, 'data'))),
  );
  const ended = once(let_in, 'close');
  feed.send('batch', status.change(device, SeatValue.invalid));
  await ended;
  await once(dial(pemOf(device)), 'close');

  await verifier.close();
  await feed.close();
  server.close();
  rmSync(cacheDir, { recursive: true, force: true });
});
