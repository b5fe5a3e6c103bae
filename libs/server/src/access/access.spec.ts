import { Controller, Get, Post } from '@nestjs/common';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { exportJWK, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readObject, startApp, type TestApp } from '../../test/start-app.js';
import {
  accessJwk,
  type AccessJwk,
  AccessTokens,
  confinedToFactory,
  fastifyOf,
  issueAccessToken,
  listRoutes,
  OnListener,
  Principal,
  Public,
  Roles,
} from '../index.js';

const NOW = 1_800_000_000;
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
let jwk: AccessJwk;
const revoked = new Set<string>();

const claims = { sub: 'ada', roles: ['admin'] as const, jti: 'token-1', iat: NOW, exp: NOW + 60 };
const issue = (more: object = {}) =>
  issueAccessToken({ ...claims, ...more }, { kid: jwk.kid, privateKey: pair.privateKey });

/** A token that is wrong in one way that `issueAccessToken` would not let happen. */
const forge = (payload: object, header: object = {}, key = pair.privateKey) =>
  new SignJWT({ ...claims, ...payload })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: jwk.kid, ...header })
    .sign(key);

/** One part of a compact JWT. */
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
/** RFC 7519 section 6. */
const unsecured = () => `${part({ alg: 'none', typ: 'at+jwt', kid: jwk.kid })}.${part(claims)}.`;

/** The oldest trick: HS256 with what everybody knows as the secret. */
async function hmacWithPublicKey() {
  const secret = Buffer.from(JSON.stringify(await exportJWK(pair.publicKey)));
  return new SignJWT({ ...claims, roles: ['admin'] })
    .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: jwk.kid })
    .sign(secret);
}

@Controller()
@OnListener('admin')
@Roles('admin', 'security-admin')
class Guarded {
  @Get('mine')
  mine(@Principal() principal: Principal) {
    return principal;
  }

  @Get('audit')
  @Roles('auditor')
  audit() {
    return {};
  }

  @Get('open')
  @Public()
  open() {
    return {};
  }

  @Post('write/:id')
  write() {
    return {};
  }
}

let running: TestApp;
beforeAll(async () => {
  jwk = await accessJwk(pair.publicKey);
  const keys = { find: async (kid: string) => (kid === jwk.kid ? jwk : undefined) };
  const tokens = new AccessTokens(keys, { isRevoked: async (jti) => revoked.has(jti) }, () => NOW);
  running = await startApp([Guarded], { tokens: () => tokens });
});
afterAll(() => running.close(0));

async function call(path: string, authorization?: string) {
  const response = await running.fetch(path, { headers: authorization ? { Authorization: authorization } : {} });
  const body = await readObject(response);
  return { status: response.status, code: body['code'], challenge: response.headers.get('www-authenticate'), body };
}

describe('a route with roles', () => {
  it('knows the caller of a good token', async () => {
    const { status, body } = await call('/mine', `Bearer ${await issue()}`);
    expect(status).toBe(200);
    expect(body).toEqual({ sub: 'ada', roles: ['admin'], jti: 'token-1' });
  });

  it('takes the scheme in any case', async () => {
    expect((await call('/mine', `bearer ${await issue()}`)).status).toBe(200);
  });

  it.each([
    ['none', undefined],
    ['another scheme', 'Basic YTpi'],
    ['an empty one', 'Bearer '],
    ['two of them', 'Bearer a b'],
  ])('asks for a token where there is %s', async (_what, authorization) => {
    const answer = await call('/mine', authorization);
    expect(answer).toMatchObject({ status: 401, code: 'TOKEN_MISSING' });
    expect(answer.challenge).toMatch(/^Bearer/);
  });

  it('refuses a token without a fitting role, and the handler’s own roles replace the controller’s', async () => {
    const bearer = `Bearer ${await issue()}`;
    expect(await call('/audit', bearer)).toMatchObject({ status: 403, code: 'ROLE_MISSING' });
    expect((await call('/audit', `Bearer ${await issue({ roles: ['auditor'] })}`)).status).toBe(200);
  });

  it('leaves @Public routes open', async () => {
    expect((await call('/open')).status).toBe(200);
  });

  it('refuses before the body is read', async () => {
    const answer = await new Promise<number | undefined>((resolve, reject) => {
      const headers = { 'Content-Type': 'application/json', 'Content-Length': '100' };
      const url = `${running.listener('admin').url}/write/1`;
      const request = httpRequest(url, { method: 'POST', headers }, (response) => {
        resolve(response.statusCode);
        request.destroy();
      });
      request.on('error', reject);
      request.flushHeaders();
    });
    expect(answer).toBe(401);
  });
});

/** Sends the head of a request whose body never comes, and resolves with the answer when the connection is closed. */
async function withoutBody(path: string): Promise<string> {
  const socket = connect(running.listener('admin').port, '127.0.0.1');
  let answer = '';
  socket.on('data', (octets: Buffer) => {
    answer += octets.toString();
  });
  const head = ['Host: localhost', 'Content-Type: application/json', 'Content-Length: 100'];
  socket.write(`POST ${path} HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n{`);
  await once(socket, 'close');
  return answer;
}

describe('a request that is refused before its body was read', () => {
  it.each([
    ['without a token', '/write/1', 401],
    ['of no route', '/nothing', 404],
  ])('ends with its connection: %s', async (_why, path, status) => {
    const answer = await withoutBody(path);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer.toLowerCase()).toContain('connection: close');
  });

  it('ends with its answer alone where there is no body', async () => {
    expect((await running.fetch('/mine')).headers.get('connection')).toBe('keep-alive');
  });

  it('is answered to a client that sends a large body first', async () => {
    const body = JSON.stringify('x'.repeat(8_000_000));
    const headers = { 'Content-Type': 'application/json' };
    for (let i = 0; i < 5; i++)
      expect((await running.fetch('/write/1', { method: 'POST', headers, body })).status).toBe(401);
  });

  it('is answered on a connection that stays where the body is there', async () => {
    const answer = await running.fetch('/write/1', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{}',
    });
    expect([answer.status, answer.headers.get('connection')]).toEqual([401, 'keep-alive']);
  });
});

describe('a token is refused', () => {
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const cases: [string, string, () => Promise<string>][] = [
    ['that has expired', 'TOKEN_EXPIRED', () => issue({ exp: NOW })],
    ['that was revoked', 'TOKEN_REVOKED', () => (revoked.add('gone'), issue({ jti: 'gone' }))],
    ['that is no JWT', 'TOKEN_INVALID', async () => 'abc'],
    ['of an unknown key', 'TOKEN_INVALID', () => forge({}, { kid: 'other' })],
    ['with another key’s signature', 'TOKEN_INVALID', () => forge({}, {}, other.privateKey)],
    ['of another type', 'TOKEN_INVALID', () => forge({}, { typ: 'statuslist+jwt' })],
    ['without jti', 'TOKEN_INVALID', () => forge({ jti: undefined })],
    ['without exp', 'TOKEN_INVALID', () => forge({ exp: undefined })],
    ['with an unknown role', 'TOKEN_INVALID', () => forge({ roles: ['root'] })],
    ['with a claim that we do not know', 'TOKEN_INVALID', () => forge({ only: 'reading' })],
    ['for no factory in particular', 'TOKEN_INVALID', () => forge({ roles: ['factory'] })],
    ['with alg none', 'TOKEN_INVALID', async () => unsecured()],
    ['made with the public key as a secret', 'TOKEN_INVALID', hmacWithPublicKey],
  ];
  it.each(cases)('%s: %s', async (_what, code, token) => {
    const answer = await call('/mine', `Bearer ${await token()}`);
    expect(answer).toMatchObject({ status: 401, code });
    expect(answer.challenge).toContain('error="invalid_token"');
  });
});

describe('issueAccessToken', () => {
  it('ties the role factory to a factory', async () => {
    await expect(issue({ roles: ['factory'] })).rejects.toThrow(TypeError);
    await expect(issue({ factory: 'f1' })).rejects.toThrow(TypeError);
    await expect(issue({ roles: ['factory'], factory: 'f1' })).resolves.toMatch(/^eyJ/);
  });
});

describe('confinedToFactory', () => {
  it('holds every token of a factory to its own, but for an admin’s', () => {
    const factory: Principal = { sub: 's', jti: 'j', roles: ['factory'], factory: 'f1' };
    expect(confinedToFactory(factory)).toBe('f1');
    for (const role of ['gateway', 'auditor', 'security-admin'] as const) {
      expect(confinedToFactory({ ...factory, roles: ['factory', role] })).toBe('f1');
    }
    expect(confinedToFactory({ ...factory, roles: ['factory', 'admin'] })).toBeUndefined();
    expect(confinedToFactory({ sub: 's', jti: 'j', roles: ['auditor'] })).toBeUndefined();
  });
});

describe('listRoutes', () => {
  it('tells of every route who may call it where', () => {
    const routes = listRoutes(fastifyOf(running.app)).filter(({ method }) => method !== 'HEAD');
    expect(routes.map(({ method, path, listener, access }) => ({ method, path, listener, access }))).toEqual([
      { method: 'GET', path: '/mine', listener: 'admin', access: ['admin', 'security-admin'] },
      { method: 'GET', path: '/audit', listener: 'admin', access: ['auditor'] },
      { method: 'GET', path: '/open', listener: 'admin', access: 'public' },
      { method: 'POST', path: '/write/:id', listener: 'admin', access: ['admin', 'security-admin'] },
    ]);
  });

  it('refuses to start with roles on a listener that takes no tokens', async () => {
    @Controller()
    @Roles('admin')
    @OnListener('public')
    class Misplaced {
      @Get('misplaced')
      misplaced() {
        return {};
      }
    }
    await expect(startApp([Misplaced])).rejects.toMatchObject({ code: 'ROUTE_UNPROTECTED' });
  });
});
