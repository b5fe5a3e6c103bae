import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { TestCa } from '@touchmark/testkit';
import { encodePem } from '@touchmark/x509';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDeviceServer, type DeviceServer } from './device-server.js';

const authority = TestCa.root();
const tls = {
  cert: encodePem('CERTIFICATE', authority.der),
  key: authority.key.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  ca: encodePem('CERTIFICATE', authority.der),
};

let devices: DeviceServer;
let port: number;
let world: { failed: number; malformed: string[]; fields: number };
beforeEach(async () => {
  world = { failed: 0, malformed: [], fields: 0 };
  devices = createDeviceServer({
    tls,
    connections: 100,
    handshakes: 100,
    headerSize: 32_768,
    idleSeconds: 60,
    onConnection: () => undefined,
    onRequest(request, response) {
      world.fields = request.rawHeaders.length / 2;
      request.resume().once('end', () => response.end());
    },
    onUpgrade: (_request, socket) => socket.destroy(),
    onHandshakeFailed: () => (world.failed += 1),
    onMalformed(code, socket) {
      world.malformed.push(code);
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    },
  });
  devices.server.listen(0, '127.0.0.1');
  await once(devices.server, 'listening');
  const address = devices.server.address();
  port = typeof address === 'object' ? (address?.port ?? 0) : 0;
});
afterEach(async () => {
  devices.server.closeAllConnections();
  devices.server.close();
  await once(devices.server, 'close');
});

const open = async (octets: Uint8Array | string): Promise<Socket> => {
  // what a client does that reads nothing and never ends
  const socket = connectTcp({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined);
  socket.resume();
  await once(socket, 'connect');
  socket.write(octets);
  return socket;
};
const connections = (): Promise<number> =>
  new Promise((resolve, reject) => {
    devices.server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });

describe('a connection of which no TLS comes', () => {
  it.each([
    ['plain HTTP', 'GET / HTTP/1.0\r\n\r\n'],
    ['a broken hello', Uint8Array.of(0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0)],
  ])('%s: is closed, and counted apart from requests', async (_name, octets) => {
    const socket = await open(octets);
    await expect.poll(connections).toBe(0);
    expect(world).toMatchObject({ failed: 1, malformed: [] });
    socket.destroy();
  });

  it('half a hello: is closed when its time is over', { timeout: 30_000 }, async () => {
    const socket = await open(Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0));
    await expect.poll(() => world.failed, { timeout: 20_000 }).toBe(1);
    await expect.poll(connections).toBe(0);
    socket.destroy();
  });
});

describe('a request', () => {
  it('keeps all its fields, however many fit', async () => {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const fields = 'a:b\r\n'.repeat(1_500);
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\n${fields}Content-Length: 5\r\n\r\nhello`);
    const [answer]: Buffer[] = await once(socket, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 200 /);
    expect(world.fields).toBe(1_502);
    socket.destroy();
  });

  it('that is none is answered', async () => {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    socket.write('nothing of the kind\r\n\r\n');
    const [answer]: Buffer[] = await once(socket, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 400 /);
    expect(world).toMatchObject({ failed: 0, malformed: ['REQUEST_MALFORMED'] });
    socket.destroy();
  });
});
