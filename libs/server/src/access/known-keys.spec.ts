import { describe, expect, it } from 'vitest';
import type { AccessJwk } from './access-keys.js';
import { KnownKeys } from './known-keys.js';

const thumbprint = (n: number): string => String(n).padStart(43, '_');
const KID = thumbprint(1);
const jwk: AccessJwk = { kid: KID, kty: 'EC' };

function setUp() {
  const world = { now: 1000, asked: [] as string[], keys: new Map([[KID, jwk]]), running: 0, most: 0 };
  const keys = new KnownKeys(
    {
      async find(kid) {
        world.asked.push(kid);
        world.running += 1;
        world.most = Math.max(world.most, world.running);
        await Promise.resolve();
        world.running -= 1;
        return world.keys.get(kid);
      },
    },
    () => world.now,
  );
  return { world, keys };
}

describe('KnownKeys', () => {
  it.each(['nobody', '', 'a'.repeat(44), `${'a'.repeat(42)}=`, `${'a'.repeat(42)}\n`])(
    'does not look up %j, which is no thumbprint',
    async (kid) => {
      const { world, keys } = setUp();
      expect(await keys.find(kid)).toBeUndefined();
      expect(world.asked).toEqual([]);
    },
  );

  it('looks a key up once a minute, however many ask', async () => {
    const { world, keys } = setUp();
    const found = await Promise.all(Array.from({ length: 100 }, () => keys.find(KID)));
    expect(new Set(found)).toEqual(new Set([jwk]));
    world.now += 59;
    expect(await keys.find(KID)).toBe(jwk);
    expect(world.asked).toHaveLength(1);
    world.keys.clear();
    world.now += 1;
    expect(await keys.find(KID)).toBeUndefined();
  });

  it('remembers for five seconds that a key is unknown', async () => {
    const { world, keys } = setUp();
    const kid = thumbprint(2);
    await Promise.all(Array.from({ length: 100 }, () => keys.find(kid)));
    expect(world.asked).toEqual([kid]);
    world.keys.set(kid, { ...jwk, kid });
    world.now += 5;
    expect(await keys.find(kid)).toMatchObject({ kid });
  });

  it('looks made-up ids up one at a time, and known keys do not wait for them or fall out of memory', async () => {
    const { world, keys } = setUp();
    await keys.find(KID);
    const flood = Promise.all(Array.from({ length: 3_000 }, (_, i) => keys.find(thumbprint(i + 10))));
    expect(await keys.find(KID)).toBe(jwk);
    expect(world.asked.length).toBeLessThan(10);
    await flood;
    expect(world.most).toBe(1);
    expect(await keys.find(KID)).toBe(jwk);
    expect(world.asked.filter((kid) => kid === KID)).toHaveLength(1);
  });

  it('passes on what the port throws, and asks again', async () => {
    let away = true;
    const keys = new KnownKeys(
      { find: () => (away ? Promise.reject(new Error('away')) : Promise.resolve(jwk)) },
      () => 0,
    );
    await expect(keys.find(KID)).rejects.toThrow('away');
    away = false;
    expect(await keys.find(KID)).toBe(jwk);
  });
});
