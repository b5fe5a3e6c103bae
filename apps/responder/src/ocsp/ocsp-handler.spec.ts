import { createServer, type Server } from 'node:http';
import { encodeOcspError } from '@touchmark/issuance';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorAnswers, privateAnswer } from './ocsp-answer.js';
import { BODY_LIMIT, MEDIA_TYPE, OcspHandler } from './ocsp-handler.js';

/** Echoes the request, so that what arrived can be seen. */
const handler = new OcspHandler({ recall: () => undefined, run: (der) => privateAnswer(der) });
let server: Server;
let url: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    if (!handler.handle(request, response)) response.writeHead(404).end('left to the framework');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  url = `http://127.0.0.1:${address.port}`;
});

afterAll(() => server.close());

const post = (path: string, body: Uint8Array<ArrayBuffer>, type = MEDIA_TYPE): Promise<Response> =>
  fetch(url + path, { method: 'POST', body, headers: { 'Content-Type': type } });
const bytesOf = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer());

describe('OcspHandler.handle', () => {
  it('answers GET, HEAD and POST', async () => {
    expect((await bytesOf(await fetch(`${url}/ocsp/MAA=`))).toString('hex')).toBe('3000');
    const head = await fetch(`${url}/ocsp/MAA=`, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '2']);
    const large = new Uint8Array(BODY_LIMIT).fill(7);
    expect(await bytesOf(await post('/ocsp', large))).toEqual(Buffer.from(large));
  });

  it('answers a path that is no request and an empty body with malformedRequest', async () => {
    const malformed = Buffer.from(encodeOcspError('malformedRequest'));
    expect(Buffer.from(errorAnswers.malformedRequest.der)).toEqual(malformed);
    expect(await bytesOf(await fetch(`${url}/ocsp/~`))).toEqual(malformed);
    expect(await bytesOf(await post('/ocsp', new Uint8Array()))).toEqual(malformed);
  });

  it.each([
    ['another media type', '/ocsp', new Uint8Array(9), 'application/json'],
    ['a body above the limit', '/ocsp', new Uint8Array(BODY_LIMIT + 1), MEDIA_TYPE],
    ['another path', '/crl/1.crl', new Uint8Array(9), MEDIA_TYPE],
  ])('leaves %s to the framework', async (_name, path, body, type) => {
    expect((await post(path, body, type)).status).toBe(404);
  });

  it('leaves other methods to the framework', async () => {
    expect((await fetch(`${url}/ocsp/MAA=`, { method: 'DELETE' })).status).toBe(404);
  });
});
