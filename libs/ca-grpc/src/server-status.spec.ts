import { CaUnavailableError } from '@touchmark/ca-port';
import { toHex } from '@touchmark/der';
import { spkiSha256 } from '@touchmark/x509';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Gate, infrastructure, refusingCa, service, World } from '../test/world.js';

let world: World;
let called: number;
beforeEach(async () => {
  world = new World();
  called = 0;
  world.ca = { ...refusingCa, describeAuthorities: async () => (called++, []) };
  await world.listen();
});
afterEach(() => world.close());

const own = service('enrollment');
const unreadable = (): never => {
  throw new Error('database');
};

/** The first call that is answered. */
async function untilAnswered(call: () => Promise<unknown>): Promise<unknown> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof CaUnavailableError)) throw error;
    }
  }
}

describe('a server that was the CA', () => {
  it.each(['invalid', 'suspended', 'unknown'] as const)('status %s: it is not called', async (status) => {
    world.serverStatusOf = () => status;
    await expect(world.connect(own).describeAuthorities()).rejects.toThrow(CaUnavailableError);
    expect(called).toBe(0);
  });

  it('is asked about by the key of the infrastructure CA and its serial number', async () => {
    const asked: string[] = [];
    world.serverStatusOf = (issuer, serialNumber) => {
      asked.push(toHex(issuer), toHex(serialNumber));
      return 'valid';
    };
    await world.connect(own).describeAuthorities();
    const issuer = spkiSha256(infrastructure.certificate.subjectPublicKeyInfo);
    expect(asked.slice(0, 2)).toEqual([toHex(issuer), toHex(world.serverCredentials.serialNumber)]);
  });

  it.each([
    ['is unknown', () => 'unknown' as const],
    ['cannot be read', unreadable],
    ['does not come', () => new Promise<never>(() => undefined)],
  ])('its status %s: it is not called, and is by itself once it is known', async (_, at) => {
    world.serverStatusOf = at;
    const client = world.connect(own, { deadlines: { status: 200 } });
    await expect(client.describeAuthorities()).rejects.toThrow(CaUnavailableError);
    expect(called).toBe(0);
    world.serverStatusOf = () => 'valid';
    await expect(untilAnswered(() => client.describeAuthorities())).resolves.toEqual([]);
  });
});

describe('a connection that is open', () => {
  it('revoked: no call is sent a second later, and what is open on it is cut', async () => {
    const client = world.connect(own);
    const gate = new Gate();
    world.ca = gate;
    const open = client.describeAuthorities().catch((error: unknown) => error);
    await gate.entered;
    world.serverStatusOf = () => 'invalid';
    world.clientAhead += 1;
    await expect(client.confirmSeen([])).rejects.toThrow(CaUnavailableError);
    expect(await open).toBeInstanceOf(CaUnavailableError);
    gate.open();
  });

  it('revoked, and the CA has another certificate: the next call goes there', async () => {
    const client = world.connect(own);
    await client.describeAuthorities();
    const revoked = toHex(world.serverCredentials.serialNumber);
    world.serverStatusOf = (_, serialNumber) => (toHex(serialNumber) === revoked ? 'invalid' : 'valid');
    world.serverCredentials.renew();
    world.clientAhead += 1;
    await expect(client.describeAuthorities()).resolves.toEqual([]);
  });

  it('the status cannot be read: nothing is sent; once it can, the same connection goes on', async () => {
    const client = world.connect(own);
    await client.describeAuthorities();
    world.serverStatusOf = unreadable;
    world.clientAhead += 1;
    await expect(client.describeAuthorities()).rejects.toThrow(CaUnavailableError);
    expect(called).toBe(1);
    world.serverStatusOf = () => 'valid';
    world.clientAhead += 1;
    await expect(client.describeAuthorities()).resolves.toEqual([]);
  });

  it('its certificate is over: no call is sent', async () => {
    const client = world.connect(own);
    await client.describeAuthorities();
    world.clientAhead += 2 * 86_400;
    await expect(client.describeAuthorities()).rejects.toThrow(CaUnavailableError);
    expect(called).toBe(1);
  });

  it('the status is asked once a second, however many calls there are', async () => {
    let asked = 0;
    const now = world.clientNow();
    world.clientNow = () => now;
    world.serverStatusOf = () => {
      asked += 1;
      return 'valid';
    };
    const client = world.connect(own);
    await Promise.all(Array.from({ length: 50 }, () => client.describeAuthorities()));
    expect(asked).toBe(1);
  });
});
