import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { generateTestKey, makeTestRequest } from '@touchmark/testkit';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { curl, type CurlReply, posting } from './curl.js';
import { type EstService, startEstService } from './est-service.js';

let service: EstService;
let token: string;
beforeAll(async () => {
  service = await startEstService(inject('databaseUrl'));
  token = await service.makeToken('HOSTILE');
});
afterAll(() => service.close());

const codeOf = ({ body }: CurlReply): string | undefined => /^[A-Z0-9_]+(?=: )/.exec(body.toString())?.[0];
const base64 = (der: Uint8Array): string => Buffer.from(der).toString('base64');

/** Sends with a good token, so that only the rest can be at fault. */
async function post(operation: string, ...args: string[]): Promise<[number, string | undefined]> {
  const reply = await curl(service, operation, '-u', `:${token}`, ...args);
  expect(reply.headers).toContain('Content-Type: text/plain; charset=utf-8');
  expect(reply.headers).toContain(`Content-Length: ${reply.body.length}`);
  return [reply.status, codeOf(reply)];
}

describe('a path or method that is not there', () => {
  it.each(['serverkeygen', 'fullcmc', 'simpleenrol', 'a/b/simpleenroll', 'simpleenroll/', '%2e%2e/simpleenroll', ''])(
    'POST %j: 404',
    async (operation) => {
      expect(await post(operation, ...posting(service, base64(makeTestRequest().der)))).toEqual([404, 'NOT_FOUND']);
    },
  );

  it('GET on an enrolment, POST on cacerts, PUT, DELETE: 405 that says what is allowed', async () => {
    for (const [operation, args, allow] of [
      ['simpleenroll', [], 'Allow: POST'],
      ['simplereenroll', ['-X', 'DELETE'], 'Allow: POST'],
      ['tokens/simpleenroll', ['-X', 'PUT', ...posting(service, 'x')], 'Allow: POST'],
      ['cacerts', posting(service, 'x'), 'Allow: GET, HEAD'],
    ] as const) {
      const reply = await curl(service, operation, ...args);
      expect([operation, reply.status, codeOf(reply)]).toEqual([operation, 405, 'METHOD_NOT_ALLOWED']);
      expect(reply.headers).toContain(allow);
    }
  });
});

describe('a body that is no request', () => {
  it('another media type: 415 that says which one is taken', async () => {
    for (const type of ['application/json', 'application/pkcs10x', 'application/x-ndjson', 'text/plain']) {
      const args = ['-H', `Content-Type: ${type}`, '--data-binary', base64(makeTestRequest().der)];
      const reply = await curl(service, 'simpleenroll', '-u', `:${token}`, ...args);
      expect([type, reply.status, codeOf(reply)]).toEqual([type, 415, 'MEDIA_TYPE_UNSUPPORTED']);
      expect(reply.headers).toContain('Accept: application/pkcs10');
    }
  });

  it('10 MB, 75 kB, more than 32 kB of DER: 413', async () => {
    for (const bytes of [10_000_000, 75_000, 45_000]) {
      const body = Buffer.alloc(bytes, 0x41).toString('base64').slice(0, bytes);
      expect(await post('simpleenroll', ...posting(service, body))).toEqual([413, 'BODY_TOO_LARGE']);
    }
    expect(await post('simpleenroll', ...posting(service, Buffer.alloc(33_000, 0x30)))).toEqual([
      413,
      'BODY_TOO_LARGE',
    ]);
  });

  it('nothing, white space, text, truncated base64, broken PEM: 400 with a code of its own', async () => {
    const text = base64(makeTestRequest().der);
    for (const [body, code] of [
      ['', 'BODY_EMPTY'],
      [' \r\n', 'BODY_EMPTY'],
      ['not base64!', 'BODY_NOT_BASE64'],
      [text.slice(0, 101), 'BODY_NOT_BASE64'],
      [text.slice(0, 100), 'CSR_MALFORMED'],
      [`${text.slice(0, 100)}====`, 'BODY_NOT_BASE64'],
      ['-----BEGIN CERTIFICATE REQUEST-----\nMIIB', 'BODY_PEM_MALFORMED'],
      ['AAAA', 'CSR_MALFORMED'],
    ] as const) {
      expect([body, ...(await post('simpleenroll', ...posting(service, body)))]).toEqual([body, 400, code]);
    }
  });

  it('no body and no media type: 400', async () => {
    expect(await post('simpleenroll', '-X', 'POST')).toEqual([400, 'BODY_EMPTY']);
  });

  it('a request that its key did not sign, a weak key, an extension that nobody may ask for: 400', async () => {
    const forged = makeTestRequest({ signingKey: generateTestKey() });
    const weak = makeTestRequest({ key: generateTestKey('RSA', 1024) });
    const curve = makeTestRequest({ key: generateTestKey('EC P-521') });
    const extension = makeTestRequest({ extensions: [Buffer.from('300c0603551d130101ff04020500', 'hex')] });
    for (const [{ der }, code] of [
      [forged, 'CSR_SIGNATURE_INVALID'],
      [weak, 'KEY_WEAK'],
      [curve, 'KEY_ALGORITHM_REFUSED'],
      [extension, 'CSR_EXTENSION_REFUSED'],
    ] as const) {
      expect(await post('simpleenroll', ...posting(service, base64(der)))).toEqual([400, code]);
    }
  });
});

describe('credentials that are none', () => {
  it.each([
    ['Basic', 'CREDENTIALS_MALFORMED'],
    ['Basic ???', 'CREDENTIALS_MALFORMED'],
    ['Basic bm9jb2xvbg==', 'CREDENTIALS_MALFORMED'],
    ['Bearer abc', 'CREDENTIALS_MISSING'],
    ['Basic Og==', 'CREDENTIALS_MISSING'],
  ])('Authorization: %s is 401 with a challenge', async (authorization, code) => {
    const args = ['-H', `Authorization: ${authorization}`, ...posting(service, base64(makeTestRequest().der))];
    const reply = await curl(service, 'simpleenroll', ...args);
    expect([reply.status, codeOf(reply)]).toEqual([401, code]);
    expect(reply.headers.some((line) => line.startsWith('WWW-Authenticate: Basic realm='))).toBe(true);
  });

  it('authentication comes before the body: an anonymous 401 whatever was sent', async () => {
    const reply = await curl(service, 'simpleenroll', ...posting(service, 'not base64!'));
    expect([reply.status, codeOf(reply)]).toEqual([401, 'CREDENTIALS_MISSING']);
  });

  it('a certificate that the device signed itself with its own key: 401', async () => {
    const { keyFile } = await service.makeIdevid('HOSTILE-CERT');
    const other = path.join(service.folder, 'selfsigned');
    execFileSync('openssl', [
      'req',
      '-x509',
      '-new',
      '-key',
      keyFile,
      '-subj',
      '/CN=x',
      '-days',
      '1',
      '-out',
      `${other}.pem`,
    ]);
    const args = ['--cert', `${other}.pem`, '--key', keyFile, ...posting(service, base64(makeTestRequest().der))];
    const reply = await curl(service, 'simplereenroll', ...args);
    expect([reply.status, codeOf(reply)]).toEqual([401, 'END_ENTITY_IS_CA']);
  });
});

it('nothing of all this made a device, a certificate or an internal error', async () => {
  expect(await service.deviceState('HOSTILE')).toBeUndefined();
  expect(await service.count('ca.credential')).toBe(1);
  expect(await service.count("pg_stat_activity WHERE state = 'idle in transaction'")).toBe(0);
  expect(service.errors).toEqual([]);
});
