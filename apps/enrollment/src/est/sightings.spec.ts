import type { SightingOutcome } from '@touchmark/ca-port';
import { describe, expect, it } from 'vitest';
import { NotAuthenticError } from './est-error.js';
import { Sightings } from './sightings.js';

const leaf = Uint8Array.of(1);

function setup(outcome: SightingOutcome, authentic = true) {
  const world = { confirmed: 0, sighted: [] as string[] };
  const identity = { realm: 'r', model: 'm', deviceSerial: 's' };
  const sightings = new Sightings(
    {
      async run() {
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
    () => 1000,
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
    expect(world).toEqual({ confirmed: 2, sighted: ['ref', 'ref'] });
  });

  it('the CA knew already: the registry is left alone', async () => {
    const { sightings, world } = setup({ ...first, firstSighting: false });
    await sightings.run([leaf]);
    await sightings.run([leaf]);
    expect(world).toEqual({ confirmed: 1, sighted: [] });
  });

  it('the CA does not know the certificate: it is asked again next time', async () => {
    const { sightings, world } = setup({ ok: false, code: 'CERTIFICATE_UNKNOWN', detail: '' });
    await sightings.run([leaf]);
    await sightings.run([leaf]);
    expect(world).toEqual({ confirmed: 2, sighted: [] });
  });

  it('nobody, or nobody authentic: the CA is not asked', async () => {
    const { sightings, world } = setup(first, false);
    await sightings.run([]);
    await sightings.run([leaf]);
    expect(world.confirmed).toBe(0);
  });
});
