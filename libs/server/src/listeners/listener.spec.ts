import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { onFreePort } from '../../test/start-app.js';
import { makeTlsFiles, type TlsFiles } from '../../test/tls-files.js';
import { type Listener, openListener } from './listener.js';
import { beginLongAnswer } from './long-answer.js';
import { peerCertificates } from './peer-certificates.js';

const run = promisify(execFile);
let files: TlsFiles;
let listener: Listener | undefined;

beforeAll(() => {
  files = makeTlsFiles();
});
afterAll(() => files.remove());
afterEach(async () => {
  await listener?.close(0);
  listener = undefined;
});

const credentials = (name: string) => ({ cert: files.read(`${name}.pem`), key: files.read(`${name}.key`) });
const deviceTls = () => ({ ...credentials('server'), requestCertificate: true });

/** Answers with the client's certificates as JSON, and whether it is HTTP/1.1. */
const tellPeer: RequestListener = (request, response) => {
  const chain = peerCertificates(request).map((der) => Buffer.from(der).toString('base64'));
  response.end(JSON.stringify({ chain, version: request.httpVersion }));
};

async function curl(...args: string[]): Promise<{ chain: string[]; version: string }> {
  const { stdout } = await run('curl', ['-sS', '--cacert', files.path('ca.pem'), ...args]);
  return JSON.parse(stdout);
}

const base64 = (name: string): string => Buffer.from(files.der(name)).toString('base64');

describe('peerCertificates', () => {
  it('gives the chain that curl sent, end entity first, on TLS 1.2 and 1.3', async () => {
    listener = await openListener(onFreePort('device', { tls: deviceTls() }), tellPeer);
    const identity = ['--cert', files.path('chain.pem'), '--key', files.path('client.key')];
    for (const version of [['--tls-max', '1.2'], ['--tlsv1.3']]) {
      const seen = await curl(...version, ...identity, listener.url);
      expect(seen.chain).toEqual([base64('client.pem'), base64('ca.pem')]);
    }
  });

  it('gives nothing for a client without a certificate, and none is asked for on the admin listener', async () => {
    listener = await openListener(onFreePort('device', { tls: deviceTls() }), tellPeer);
    expect((await curl(listener.url)).chain).toEqual([]);
    const tls = { ...credentials('server'), requestCertificate: false };
    const admin = await openListener(onFreePort('admin', { tls }), tellPeer);
    const identity = ['--cert', files.path('client.pem'), '--key', files.path('client.key')];
    expect((await curl(...identity, admin.url)).chain).toEqual([]);
    await admin.close(0);
  });

  it('gives nothing for an anonymous session that is resumed', async () => {
    listener = await openListener(onFreePort('device', { tls: deviceTls() }), tellPeer);
    const session = files.path('session');
    const first = await sClient(listener.port, ['-sess_out', session]);
    const resumed = await sClient(listener.port, ['-sess_in', session]);
    expect(first).toContain('"chain":[]');
    expect(resumed).toContain('Reused, TLSv1.3');
    expect(resumed).toContain('"chain":[]');
  });

  it('speaks HTTP/1.1 to a client that offers HTTP/2', async () => {
    listener = await openListener(onFreePort('device', { tls: deviceTls() }), tellPeer);
    expect((await curl('--http2', listener.url)).version).toBe('1.1');
  });
});

/** One request through `openssl s_client`; resolves with everything it printed once the server has closed. */
async function sClient(port: number, args: string[]): Promise<string> {
  const client = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-tls1_3', '-ign_eof', ...args]);
  let output = '';
  client.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  client.stdin.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  await once(client, 'close');
  return output;
}

describe('setSecureContext', () => {
  it('shows the new certificate to the next handshake', async () => {
    listener = await openListener(onFreePort('device', { tls: deviceTls() }), tellPeer);
    const subject = async (): Promise<string> => (await sClient(listener!.port, [])).match(/subject=(.*)/)?.[1] ?? '';
    expect(await subject()).toMatch(/CN = server$/);
    listener.setSecureContext(credentials('other-server'));
    expect(await subject()).toMatch(/CN = other-server$/);
  });
});

/** A TCP connection that never begins its handshake. */
async function silentConnection(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

/** The header of a handshake record (RFC 8446 section 5.1), and nothing after it. */
const RECORD_HEADER = Uint8Array.of(22, 3, 1, 2, 0);

/** A TCP connection whose handshake begins and stalls. */
async function stalledConnection(port: number): Promise<Socket> {
  const socket = await silentConnection(port);
  socket.write(RECORD_HEADER);
  return socket;
}

describe('silent connections', () => {
  it('hold no place among the handshakes', async () => {
    const tls = { ...deviceTls(), maxHandshakes: 1 };
    listener = await openListener(onFreePort('device', { tls }), tellPeer);
    const silent = await Promise.all(Array.from({ length: 20 }, () => silentConnection(listener!.port)));
    await expect.poll(() => listener?.handshakes).toMatchObject({ silent: 20, inFlight: 0 });
    expect((await curl(listener.url)).chain).toEqual([]);
    for (const socket of silent) socket.destroy();
    await expect.poll(() => listener?.handshakes.silent).toBe(0);
    expect(listener.handshakes.refused).toBe(0);
  });

  it.each([
    ['of all', { connections: 2, ofOneAddress: 9 }],
    ['of one address', { connections: 9, ofOneAddress: 2 }],
  ])('give way, the oldest first, where there are too many %s', async (_which, limits) => {
    const tls = { ...deviceTls(), silence: { patience: 60_000, ...limits } };
    listener = await openListener(onFreePort('device', { tls }), tellPeer);
    const oldest = await silentConnection(listener.port);
    const ended = once(oldest, 'close');
    await silentConnection(listener.port);
    await silentConnection(listener.port);
    await ended;
    expect(listener.handshakes).toEqual({ silent: 2, inFlight: 0, refused: 1 });
    expect((await curl(listener.url)).chain).toEqual([]);
  });

  it('are closed when they stay silent', async () => {
    const tls = { ...deviceTls(), silence: { patience: 20, connections: 9, ofOneAddress: 9 } };
    listener = await openListener(onFreePort('device', { tls }), tellPeer);
    await once(await silentConnection(listener.port), 'close');
    await expect.poll(() => listener?.handshakes).toEqual({ silent: 0, inFlight: 0, refused: 0 });
  });

  it('do no harm when they end or break before their first octet', async () => {
    listener = await openListener(onFreePort('device', { tls: deviceTls() }), tellPeer);
    const ending = await silentConnection(listener.port);
    const breaking = await silentConnection(listener.port);
    await expect.poll(() => listener?.handshakes.silent).toBe(2);
    ending.end();
    breaking.resetAndDestroy();
    await expect.poll(() => listener?.handshakes.silent).toBe(0);
    expect((await curl(listener.url)).chain).toEqual([]);
  });
});

describe('a long answer', () => {
  it('is ended by no silence; the next request of its connection is again', async () => {
    const timeouts: (number | undefined)[] = [];
    listener = await openListener(onFreePort('public'), (request, response) => {
      timeouts.push(request.socket.timeout);
      if (request.url === '/long') beginLongAnswer(request);
      timeouts.push(request.socket.timeout);
      response.end();
    });
    await run('curl', ['-sS', `${listener.url}/long`, `${listener.url}/short`]);
    const [before, during] = timeouts;
    expect(before).toBeGreaterThan(0);
    expect(timeouts).toEqual([before, 0, before, before]);
    expect(during).toBe(0);
  });
});

describe('maxConnections', () => {
  it('drops connections beyond it', async () => {
    listener = await openListener(onFreePort('public', { maxConnections: 1 }), tellPeer);
    const held = await silentConnection(listener.port);
    await expect(fetch(listener.url)).rejects.toThrow();
    held.destroy();
    await expect.poll(() => fetch(listener!.url).then(({ status }) => status, String)).toBe(200);
  });
});

describe('the handshake cap', () => {
  it('lets a new handshake have the place of one that stalled', async () => {
    const tls = { ...deviceTls(), maxHandshakes: 1 };
    listener = await openListener(onFreePort('device', { tls }), tellPeer);
    const stalled = await stalledConnection(listener.port);
    const ended = once(stalled, 'close');
    await expect.poll(() => listener?.handshakes.inFlight).toBe(1);
    await expect.poll(() => curl(listener!.url).then(({ chain }) => chain, String), { timeout: 8_000 }).toEqual([]);
    await ended;
  }, 15_000);

  it('drops connections beyond it, and takes them again when handshakes end', async () => {
    const tls = { ...deviceTls(), maxHandshakes: 2 };
    listener = await openListener(onFreePort('device', { tls }), tellPeer);
    const stalled = [await stalledConnection(listener.port), await stalledConnection(listener.port)];
    await expect.poll(() => listener?.handshakes.inFlight).toBe(2);

    await expect(curl(listener.url)).rejects.toMatchObject({ code: 35 });
    expect(listener.handshakes.refused).toBe(1);

    for (const socket of stalled) socket.destroy();
    await expect.poll(() => listener?.handshakes.inFlight).toBe(0);
    expect((await curl(listener.url)).chain).toEqual([]);
    expect(listener.handshakes.inFlight).toBe(0);
  });
});

describe('close', () => {
  it('lets a request in flight end, refuses new connections meanwhile, and cuts idle ones', async () => {
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<ServerResponse>();
    listener = await openListener(onFreePort('public'), (_request: IncomingMessage, response) => arrive(response));
    const answer = fetch(listener.url);
    const response = await arrived;
    const closed = listener.close(30);
    await expect(fetch(listener.url)).rejects.toThrow();
    response.end('late');
    expect(await (await answer).text()).toBe('late');
    await closed;
  });

  it('asks long answers to end, and waits for those that do', async () => {
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<AbortSignal>();
    listener = await openListener(onFreePort('gateway', { tls: deviceTls() }), (request, response) => {
      const draining = beginLongAnswer(request);
      draining.addEventListener('abort', () => response.end('bye'));
      response.flushHeaders();
      arrive(draining);
    });
    const answer = run('curl', ['-sS', '--cacert', files.path('ca.pem'), listener.url]);
    expect((await arrived).aborted).toBe(false);
    await listener.close(30);
    expect((await answer).stdout).toBe('bye');
  });

  it('cuts what is still running when the grace is over, a handshake that never began too', async () => {
    listener = await openListener(onFreePort('device', { tls: deviceTls() }), () => undefined);
    const silent = await silentConnection(listener.port);
    const ended = once(silent, 'close');
    await expect.poll(() => listener?.handshakes.silent).toBe(1);
    await listener.close(0.05);
    await ended;
  });
});
