import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, it } from 'vitest';
import { cleanAnswerHeaders, forwardedHeaders, isUnambiguous } from './forwarded-headers.js';

const own = { 'client-cert': ':b3Vycw==:', 'touchmark-identity': 'ours' };
const assertions = { clientAddress: '192.0.2.1', headers: own };

const forward = (headers: IncomingHttpHeaders, method = 'POST', upgrade = false): IncomingHttpHeaders =>
  forwardedHeaders({ headers: { host: 'a.example', ...headers }, method }, assertions, upgrade);

describe('forwardedHeaders', () => {
  it.each([
    'client-cert',
    'client_cert',
    'client.cert',
    'client-cert-chain',
    'client_cert_chain',
    'touchmark-identity',
    'touchmark_identity',
    'touchmark~identity',
    'touchmark-status',
    'x-touchmark-device',
    'forwarded',
    'via',
    'x-forwarded-for',
    'x_forwarded_for',
    'x-forwarded-client-cert',
    'x-forwarded-tls-client-cert-info',
    'x-real-ip',
    'x-ssl-client-cert',
    'ssl_client_verify',
    'x-amzn-mtls-clientcert',
    'x-client-certificate',
    'x-client-dn',
    'x-client-verify',
    'x-client-ip',
    'x-tls-client-cert',
    'tls-client-cert',
    'tls_client_verify',
    'x-mtls-clientcert',
    'x-goog-client-cert',
    'x-arr-clientcert',
    'x-peer-certificate',
    'x-spiffe-id',
    'proxy',
    'remote-user',
    'remote_user',
    'x-remote-user',
    'x-cluster-client-ip',
    'x-forwarded',
    'x-host',
    'x-http-host-override',
    'x-middleware-subrequest',
    'x-original-host',
    'x-original-url',
    'x-waws-unencoded-url',
    'x-envoy-original-path',
    'x-http-method-override',
    'x_http_method_override',
    'x-rewrite-url',
    'proxy-authorization',
    'te',
    'trailer',
    'upgrade',
    'keep-alive',
    'expect',
  ])('%s of a client is dropped', (name) => {
    const headers = forward({ [name]: 'forged' });
    expect(JSON.stringify(headers)).not.toContain('forged');
    expect(headers).toMatchObject({ ...own, 'x-forwarded-for': '192.0.2.1', 'x-forwarded-proto': 'https' });
  });

  it.each(['authorization', 'cookie', 'content-type', 'x-own', 'accept', 'client-certainty', 'x-request-id'])(
    '%s is kept',
    (name) => {
      expect(forward({ [name]: 'kept' })).toHaveProperty(name, 'kept');
    },
  );

  it('keeps nothing but what an operator lets through, and of that not what is the gateway’s to say', () => {
    const request = {
      method: 'POST',
      headers: {
        host: 'a.example',
        'content-length': '5',
        'content-type': 'text/plain',
        'sec-websocket-key': 'k',
        cookie: 'a=b',
        'x-real-ip': 'forged',
      },
    };
    const allowed = new Set(['content-type', 'x-real-ip']);
    expect(forwardedHeaders(request, assertions, false, allowed)).toEqual({
      host: 'a.example',
      'content-length': '5',
      'content-type': 'text/plain',
      ...own,
      'x-forwarded-for': '192.0.2.1',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'a.example',
    });
    expect(forwardedHeaders(request, assertions, true, allowed)).toHaveProperty('sec-websocket-key', 'k');
  });

  it('drops what Connection names, but nothing that the gateway says, nor length and host', () => {
    const headers = forward({
      connection: 'close, X-Hop, client-cert, content-length, Host',
      'x-hop': '1',
      'content-length': '5',
    });
    expect(headers).not.toHaveProperty('x-hop');
    expect(headers).not.toHaveProperty('connection');
    expect(headers).toMatchObject({ ...own, 'content-length': '5', host: 'a.example' });
  });

  it.each([
    ['POST', { 'content-length': '5' }, { 'content-length': '5' }],
    ['DELETE', { 'transfer-encoding': 'chunked' }, { 'transfer-encoding': 'chunked' }],
    ['GET', { 'transfer-encoding': 'chunked' }, { 'transfer-encoding': 'chunked' }],
    ['POST', {}, { 'content-length': '0' }],
    ['DELETE', {}, { 'content-length': '0' }],
  ])('says how the body of %s %j is framed', (method, headers, framed) => {
    expect(forward(headers, method)).toMatchObject(framed);
  });

  it('a GET without a body has no length', () => {
    expect(forward({}, 'GET')).not.toHaveProperty('content-length');
  });

  it('asks for the WebSocket itself', () => {
    const headers = forward({ connection: 'Upgrade', upgrade: 'websocket, h2c' }, 'GET', true);
    expect(headers).toMatchObject({ connection: 'Upgrade', upgrade: 'websocket' });
  });
});

describe('cleanAnswerHeaders', () => {
  it('takes away hop-by-hop fields, what Connection names, and certificates; Vary on them becomes *', () => {
    const headers: IncomingHttpHeaders = {
      connection: 'close, x-hop',
      'x-hop': '1',
      'keep-alive': 'timeout=5',
      'client-cert': 'x',
      client_cert: 'x',
      'touchmark-identity': 'x',
      'transfer-encoding': 'chunked',
      'content-type': 'text/plain',
      vary: 'Accept, Client-Cert',
    };
    cleanAnswerHeaders(headers);
    expect(headers).toEqual({ 'transfer-encoding': 'chunked', 'content-type': 'text/plain', vary: '*' });
  });
});

const of = (fields: readonly (readonly [string, string])[]): boolean => {
  const headers: IncomingHttpHeaders = Object.fromEntries(fields.map(([name, value]) => [name.toLowerCase(), value]));
  return isUnambiguous({ rawHeaders: fields.flat(), headers });
};

describe('isUnambiguous', () => {
  it.each([
    [[['Host', 'a.example']]],
    [[['Host', 'a.example:443']]],
    [[['Host', '192.0.2.1']]],
    [[['Host', '[2001:db8::1]:9443']]],
    [
      [
        ['Host', 'a'],
        ['Content-Length', '5'],
      ],
    ],
    [
      [
        ['Host', 'a'],
        ['Transfer-Encoding', 'Chunked'],
      ],
    ],
  ] as const)('%j is', (fields) => {
    expect(of(fields)).toBe(true);
  });

  it.each([
    [[]],
    [[['Host', '']]],
    [[['Host', 'a b']]],
    [[['Host', 'a/b']]],
    [[['Host', 'u@a']]],
    [[['Host', 'a:b']]],
    [
      [
        ['Host', 'a'],
        ['host', 'b'],
      ],
    ],
    [
      [
        ['Host', 'a'],
        ['Transfer-Encoding', 'gzip, chunked'],
      ],
    ],
    [
      [
        ['Host', 'a'],
        ['Transfer-Encoding', 'chunked'],
        ['Content-Length', '5'],
      ],
    ],
    [
      [
        ['Host', 'a'],
        ['Transfer-Encoding', 'chunked'],
        ['Transfer-Encoding', 'chunked'],
      ],
    ],
    [
      [
        ['Host', 'a'],
        ['Content-Length', '5'],
        ['Content-Length', '5'],
      ],
    ],
  ] as const)('%j is not', (fields) => {
    expect(of(fields)).toBe(false);
  });
});
