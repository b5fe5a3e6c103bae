import type { SightingOutcome } from '@touchmark/ca-port';
import { describe, expect, it } from 'vitest';
import { NotAuthenticError } from './est-error.js';
import { Sightings } from './sightings.js';

const leaf = Uint8Array.of(1);

function setup(outcome: SightingOutcome, authentic = true) {
  const world = { now: 1000, confirmed: 0, authenticated: 0, sighted: [] as string[] };
  const identity = { realm: 'r', model: 'm', deviceSerial: 's' };
  const sightings = new Sightings(
    {
      async run() {
        world.authenticated += 1;
        if (!authentic) throw new NotAuthenticError('UNKNOWN_ISSUER');
        return { der: leaf, serialNumber: leaf, kind: 'ldevid', identity };
      },
    },
    {
      confirmSeen(asked) {
        world.confirmed += asked.length;
        return Promise.resolve([outcome]);
      },
    },
    {
      sighted(deviceRef) {
        world.sighted.push(deviceRef);
        return Promise.resolve();
      },
    },
    () => world.now,
  );
  return { sightings, world };
}

const first: SightingOutcome = { ok: true, firstSighting: true, deviceRef: 'ref' };

describe('Sightings', () => {
  it('a certificate seen for the first time: the CA and the registry learn of it, once', async () => {
    const { sightings, world } = setup(first);
    await sightings.run([leaf]);
    await sightings.run([leaf]);
    await sightings.run([Uint8Array.of(2)]);
    expect(world).toMatchObject({ confirmed: 2, sighted: ['ref', 'ref'] });
  });

  it('the CA knew already: the registry is left alone', async () => {
    const { sightings, world } = setup({ ...first, firstSighting: false });
    await sightings.run([leaf]);
    await sightings.run([leaf]);
    expect(world).toMatchObject({ confirmed: 1, sighted: [] });
  });

  it('the CA does not know the certificate: it is asked again after a minute', async () => {
    const { sightings, world } = setup({ ok: false, code: 'CERTIFICATE_UNKNOWN', detail: '' });
    await sightings.run([leaf]);
    world.now += 59;
    await sightings.run([leaf]);
    expect(world.confirmed).toBe(1);
    world.now += 1;
    await sightings.run([leaf]);
    expect(world).toMatchObject({ confirmed: 2, sighted: [] });
  });

  it('the same certificate a thousand times at once: the CA is asked once', async () => {
    const { sightings, world } = setup(first);
    await Promise.all(Array.from({ length: 1000 }, () => sightings.run([leaf])));
    expect(world).toMatchObject({ authenticated: 1, confirmed: 1, sighted: ['ref'] });
  });

  it('many certificates at once: 32 are looked at, and the others when they come again', async () => {
    const { sightings, world } = setup(first);
    const all = (): Promise<unknown> =>
      Promise.all(Array.from({ length: 40 }, (_, i) => sightings.run([Uint8Array.of(i)])));
    await all();
    expect(world.confirmed).toBe(32);
    await all();
    expect(world.confirmed).toBe(40);
  });

  it('nobody, or nobody authentic: the CA is not asked', async () => {
    const { sightings, world } = setup(first, false);
    await sightings.run([]);
    await sightings.run([leaf]);
    await sightings.run([leaf]);
    expect(world).toMatchObject({ authenticated: 1, confirmed: 0 });
  });
});
