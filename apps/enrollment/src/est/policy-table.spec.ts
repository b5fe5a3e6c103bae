import { describe, expect, it } from 'vitest';
import type { EnrollmentPolicy } from './enrollment-policy.js';
import { PolicyTable } from './policy-table.js';

const policy = (label: string | null): EnrollmentPolicy => ({
  id: `id of ${label}`,
  label,
  bootstrap: [],
  lifetime: 86_400,
  suspendOnFork: false,
  revokeReplaced: false,
  pseudonymous: false,
  keyAlgorithm: 'EC P-256',
  models: [],
});

function setup() {
  const world = { now: 1000, reads: 0, policies: [policy(null), policy('a')], failure: undefined as Error | undefined };
  const table = new PolicyTable(
    {
      async readPolicies() {
        world.reads += 1;
        const { policies, failure } = world;
        await Promise.resolve();
        if (failure) throw failure;
        return policies;
      },
    },
    () => world.now,
  );
  return { world, table };
}

describe('PolicyTable', () => {
  it('by label, the one without a label, by id: read once for three seconds', async () => {
    const { world, table } = setup();
    expect(await table.policyByLabel('a')).toEqual(policy('a'));
    expect(await table.policyByLabel(null)).toEqual(policy(null));
    expect(await table.policyById('id of a')).toEqual(policy('a'));
    world.now += 2;
    await table.policyByLabel('a');
    expect(world.reads).toBe(1);
    world.now += 1;
    await table.policyByLabel('a');
    expect(world.reads).toBe(2);
  });

  it('a policy that was made a moment ago: there at once', async () => {
    const { world, table } = setup();
    expect(await table.policyByLabel('b')).toBeUndefined();
    world.policies = [...world.policies, policy('b')];
    expect(await table.policyByLabel('b')).toEqual(policy('b'));
  });

  it('a policy that is made while others look: who asks afterwards does not get their answer', async () => {
    const { world, table } = setup();
    const before = table.policyByLabel('b');
    world.policies = [...world.policies, policy('b')];
    const after = table.policyByLabel('b');
    expect([await before, await after]).toEqual([undefined, policy('b')]);
  });

  it('ten thousand labels that nothing has: two looks', async () => {
    const { world, table } = setup();
    const found = await Promise.all(Array.from({ length: 10_000 }, (_, i) => table.policyByLabel(`nope-${i}`)));
    expect(found.every((one) => one === undefined)).toBe(true);
    expect(world.reads).toBe(2);
  });

  it('the database is away: rejects, and asks again next time', async () => {
    const { world, table } = setup();
    world.failure = new Error('away');
    const asked = [table.policyByLabel('a'), table.policyByLabel('a')];
    for (const one of asked) await expect(one).rejects.toBe(world.failure);
    world.failure = undefined;
    expect(await table.policyByLabel('a')).toEqual(policy('a'));
  });
});
