import { once } from 'node:events';
import { connect } from 'node:tls';
import { allowedCalls, CaCallRefusedError, type CaPort, CaUnavailableError } from '@touchmark/ca-port';
import { Oid, toHex } from '@touchmark/der';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  credentials,
  impostor,
  infrastructure,
  ldevid,
  oneOfEach,
  realm,
  refusingCa,
  service,
  type TestCredentials,
  World,
} from '../test/world.js';

let world: World;
beforeEach(async () => {
  world = new World();
  world.ca = refusingCa;
  await world.listen();
});
afterEach(() => world.close());

const now = (): number => Math.floor(Date.now() / 1000);
const away = { code: 'CA_UNAVAILABLE' };

describe('each caller and each call', () => {
  const callers = { enrollment: service('enrollment'), responder: service('responder') };
  const calls = [
    'issueCertificates',
    'changeStatus',
    'confirmSeen',
    'openWarrants',
    'renewOcspSigners',
    'renewServiceCertificates',
    'describeAuthorities',
  ] as const satisfies readonly (keyof CaPort)[];
  const cases = (['enrollment', 'responder'] as const).flatMap((caller) => calls.map((call) => ({ caller, call })));

  it('no call is left out', () => {
    expect(calls.toSorted()).toEqual(Object.keys(oneOfEach).toSorted());
  });

  it.each(cases)('$caller calls $call: as the table of the port says', async ({ caller, call }) => {
    const client = world.connect(callers[caller], { caller });
    const answer = await oneOfEach[call](client).catch((error: unknown) => error);
    const outcome = answer instanceof CaCallRefusedError ? 'refused' : answer;
    const allowed = allowedCalls[caller].includes(call);
    expect(Array.isArray(outcome) ? outcome.length : outcome).toBe(allowed ? 1 : 'refused');
  });
});

describe('a client that is nobody is turned away before it can call', () => {
  const uri = `${realm}/service/enrollment`;
  it.each<[string, () => TestCredentials, string]>([
    ['device with an LDevID of the same root', () => credentials(`${realm}/device/m/S-1`, ldevid), 'UNKNOWN_ISSUER'],
    ['LDevID CA naming a service', () => credentials(uri, ldevid), 'UNKNOWN_ISSUER'],
    ['gateway', () => credentials(`${realm}/gateway/gw-1`), 'IDENTITY'],
    ['status signer', () => credentials(`${realm}/status/status-1`), 'IDENTITY'],
    ['service of an unknown name', () => service('billing'), 'IDENTITY'],
    ['the CA itself', () => service('ca'), 'IDENTITY'],
    ['service whose name is a property of every object', () => service('constructor'), 'IDENTITY'],
    ['service of another realm', () => credentials('other.test/service/enrollment'), 'IDENTITY'],
    ['self-made CA with the same names', () => credentials(uri, impostor), 'BAD_SIGNATURE'],
    ['expired', () => credentials(uri, infrastructure, { notAfter: now() - 1 }), 'CERT_EXPIRED'],
    ['not yet valid', () => credentials(uri, infrastructure, { notBefore: now() + 900 }), 'CERT_NOT_YET_VALID'],
    [
      'for servers alone',
      () => credentials(uri, infrastructure, { extKeyUsage: [Oid.serverAuth] }),
      'EXT_KEY_USAGE_MISSING',
    ],
    ['a URI that is none of ours', () => credentials(`${uri}/x`), 'IDENTITY_MALFORMED'],
    [
      'a CA certificate',
      () => credentials(uri, infrastructure, { basicConstraints: { cA: true } }),
      'END_ENTITY_IS_CA',
    ],
  ])('%s', async (_, make, reason) => {
    const refusal = world.nextRefusal();
    await expect(world.connect(make()).describeAuthorities()).rejects.toMatchObject(away);
    expect(await refusal).toBe(reason);
  });

  it.each(['invalid', 'suspended', 'unknown'] as const)('status %s', async (status) => {
    const own = service('enrollment');
    world.statuses.set(toHex(own.serialNumber), status);
    const codes = { invalid: 'CERT_REVOKED', suspended: 'CERT_SUSPENDED', unknown: 'STATUS_UNKNOWN' };
    const refusal = world.nextRefusal();
    await expect(world.connect(own).describeAuthorities()).rejects.toMatchObject(away);
    expect(await refusal).toBe(codes[status]);
  });

  it.each([
    ['made the certificate itself', () => credentials(uri, impostor)],
    ['is a gateway', () => credentials(`${realm}/gateway/gw-1`)],
  ])('the database is not asked about who %s', async (_, make) => {
    const asked: string[] = [];
    world.statusOf = async (serialNumber) => {
      asked.push(toHex(serialNumber));
      return 'valid';
    };
    const refusal = world.nextRefusal();
    await expect(world.connect(make()).describeAuthorities()).rejects.toMatchObject(away);
    await refusal;
    expect(asked).toEqual([]);
  });

  it('no certificate: the connection ends', async () => {
    const refusal = world.nextRefusal();
    const { ca } = service('enrollment').tls();
    const socket = connect({
      host: '127.0.0.1',
      port: world.port,
      ca,
      allowPartialTrustChain: true,
      ALPNProtocols: ['h2'],
      checkServerIdentity: () => undefined,
    });
    socket.on('error', () => undefined);
    await once(socket, 'close');
    expect(await refusal).toBe('CERTIFICATE_MISSING');
  });

  it('TLS 1.1: no handshake', async () => {
    const { key, cert, ca } = service('enrollment').tls();
    const socket = connect({
      host: '127.0.0.1',
      port: world.port,
      key,
      cert,
      ca,
      maxVersion: 'TLSv1.1',
      minVersion: 'TLSv1',
    });
    const [error] = await once(socket, 'error');
    expect(error).toBeInstanceOf(Error);
    expect(socket.authorized).toBe(false);
  });

  it('the status cannot be read: nobody comes in, and it is reported', async () => {
    world.statusOf = () => Promise.reject(new Error('database'));
    await expect(world.connect(service('enrollment')).describeAuthorities()).rejects.toThrow(CaUnavailableError);
    expect(world.errors).not.toEqual([]);
  });
});

describe('a connection that was open before', () => {
  it('revoked: the next call a second later is refused', async () => {
    const own = service('enrollment');
    const client = world.connect(own);
    await client.describeAuthorities();
    world.statuses.set(toHex(own.serialNumber), 'invalid');
    world.ahead += 1;
    const refusal = world.nextRefusal();
    await expect(client.describeAuthorities()).rejects.toMatchObject(away);
    expect(await refusal).toBe('CERT_REVOKED');
    world.statuses.set(toHex(own.serialNumber), 'valid');
    world.ahead += 1;
    await expect(client.describeAuthorities()).resolves.toHaveLength(1);
  });

  it('the status cannot be read: CaUnavailableError; once it can, the same connection goes on', async () => {
    const client = world.connect(service('enrollment'));
    await client.describeAuthorities();
    const { statusOf } = world;
    world.statusOf = () => Promise.reject(new Error('database'));
    world.ahead += 1;
    await expect(client.describeAuthorities()).rejects.toThrow(CaUnavailableError);
    world.statusOf = statusOf;
    world.ahead += 1;
    await expect(client.describeAuthorities()).resolves.toHaveLength(1);
  });

  it('expired meanwhile: refused', async () => {
    const client = world.connect(service('enrollment'));
    await client.describeAuthorities();
    world.ahead += 2 * 86_400;
    await expect(client.describeAuthorities()).rejects.toMatchObject(away);
    world.ahead -= 2 * 86_400;
  });
});

describe('a server that is not the CA is not called', () => {
  it.each<[string, TestCredentials]>([
    ['another service', service('enrollment')],
    ['a CA of another realm', credentials('other.test/service/ca')],
    ['a gateway of that name', credentials(`${realm}/gateway/ca`)],
    ['a device’s issuing CA', credentials(`${realm}/service/ca`, ldevid)],
    ['a self-made CA with the same names', credentials(`${realm}/service/ca`, impostor)],
    ['for clients alone', credentials(`${realm}/service/ca`, infrastructure, { extKeyUsage: [Oid.clientAuth] })],
    ['expired', credentials(`${realm}/service/ca`, infrastructure, { notAfter: now() - 1 })],
  ])('%s', async (_, serverCredentials) => {
    const other = new World();
    let called = 0;
    other.ca = { describeAuthorities: async () => (called++, []) };
    await other.listen({ credentials: serverCredentials });
    await expect(other.connect(service('enrollment')).describeAuthorities()).rejects.toMatchObject(away);
    expect(called).toBe(0);
    await other.close();
  });
});
