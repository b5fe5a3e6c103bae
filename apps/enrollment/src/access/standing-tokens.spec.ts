import { describe, expect, it } from 'vitest';
import { StandingTokens } from './standing-tokens.js';

function setup() {
  const world = {
    now: 1000,
    asked: 0,
    token: { exp: 1010, revoked: false } as { exp: number; revoked: boolean } | undefined,
  };
  const tokens = new StandingTokens(
    () => {
      world.asked += 1;
      return Promise.resolve(world.token);
    },
    () => world.now,
  );
  return { world, check: tokens.watch('jti') };
}

describe('StandingTokens', () => {
  it('many checks within a second: one question', async () => {
    const { world, check } = setup();
    await Promise.all([check(), check(), check()]);
    expect(world.asked).toBe(1);
    world.now += 1;
    await check();
    expect(world.asked).toBe(2);
  });

  it('revoked meanwhile: refused a second later at the latest', async () => {
    const { world, check } = setup();
    await check();
    world.token = { exp: 1010, revoked: true };
    world.now += 1;
    await expect(check()).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
    world.token = undefined;
    world.now += 1;
    await expect(check()).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
  });

  it('stands until exp and not in that second', async () => {
    const { world, check } = setup();
    world.now = 1009;
    await check();
    world.now = 1010;
    await expect(check()).rejects.toMatchObject({ code: 'TOKEN_EXPIRED' });
  });
});
