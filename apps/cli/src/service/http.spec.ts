import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Server as NetServer } from 'node:net';
import { Oid } from '@touchmark/der';
import { TEST_NOW, TestCa } from '@touchmark/testkit';
import { encodePem } from '@touchmark/x509';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { BatchConnection } from '../batch/connection.js';
import { send } from './http.js';

const LONG = { notBefore: TEST_NOW - 3 * 31_536_000, notAfter: 4_000_000_000 };
const heard: (string | undefined)[] = [];
const root = TestCa.root(LONG);
const ca = encodePem('CERTIFICATE', root.der);
const stranger = encodePem('CERTIFICATE', TestCa.root(LONG).der);
const headers = { Authorization: 'Bearer secret' };
let server: Server;
let url: string;
let answer: { status: number; octets: number };

const portOf = async (listening: NetServer): Promise<number> => {
  listening.listen(0, 'localhost');
  await once(listening, 'listening');
  const address = listening.address();
  return typeof address === 'object' && address ? address.port : 0;
};

beforeAll(async () => {
  const { der, key } = root.issue({
    ...LONG,
    extKeyUsage: [Oid.serverAuth],
    subjectAltName: [{ kind: 'dNSName', value: 'localhost' }],
  });
  const tls = { cert: encodePem('CERTIFICATE', der), key: key.privateKey.export({ format: 'pem', type: 'pkcs8' }) };
  server = createServer(tls, (request, response) => {
    heard.push(request.headers.authorization);
    response.writeHead(answer.status);
    response.end(Buffer.alloc(answer.octets, 'x'));
  });
  url = `https://localhost:${await portOf(server)}`;
});
beforeEach(() => {
  heard.length = 0;
  answer = { status: 200, octets: 1 };
});
afterEach(() => vi.unstubAllEnvs());
afterAll(() => server.close());

const openBatch = (trusted: string) => BatchConnection.open({ url, ca: trusted, token: 'secret', batchId: 'b' });

describe('a request to the service', () => {
  it('goes to who proves to be it, and what is longer than it should be is not read to its end', async () => {
    expect(await send({ method: 'GET', url, ca, headers })).toMatchObject({ status: 200 });
    (await openBatch(ca)).destroy();
    expect(heard).toEqual(['Bearer secret', 'Bearer secret']);
    answer = { status: 400, octets: 4_000_000 };
    await expect(openBatch(ca)).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });

  it('is not made to anybody else, also where the environment would have anybody trusted', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const untrusted = { code: 'TLS_UNTRUSTED' };
    await expect(send({ method: 'GET', url, ca: stranger, headers })).rejects.toMatchObject(untrusted);
    await expect(openBatch(stranger)).rejects.toMatchObject(untrusted);
    expect(heard).toEqual([]);
  });

  it('goes over plain HTTP only where that is meant', async () => {
    const plain = createHttpServer((request, response) => {
      heard.push(request.headers.authorization);
      response.end();
    });
    const plainUrl = `http://localhost:${await portOf(plain)}`;
    await expect(async () => send({ method: 'GET', url: plainUrl, ca, headers })).rejects.toMatchObject({
      code: 'USAGE',
    });
    expect(heard).toEqual([]);
    expect(await send({ method: 'GET', url: plainUrl, ca, plain: true })).toMatchObject({ status: 200 });
    plain.close();
  });
});
