import { randomInt } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { Campaign, type Failure, type Tally } from './campaign.js';
import { PARSERS, READERS } from './readers.js';

const FIXED_SEED = 1;
const CASES = 6000;

function run(campaign: Campaign, seed: number, tally: Tally): readonly Failure[] {
  return Array.from({ length: CASES }, (_, index) => campaign.run(seed, index, tally)).filter(
    (failure) => failure !== undefined,
  );
}

describe('Readers of hostile octets', { timeout: 60_000 }, async () => {
  const campaign = await Campaign.load();

  it('are all there', () => {
    const names = new Set(READERS.map(({ name }) => name));
    expect(PARSERS.filter((name) => !names.has(name))).toEqual([]);
  });

  it('each finds a sample in the corpus that it takes', () => {
    const fed = new Set(campaign.pairs.map(({ reader }) => reader.name));
    expect(READERS.map(({ name }) => name).filter((name) => !fed.has(name))).toEqual([]);
  });

  it.each([FIXED_SEED, randomInt(2 ** 31)])(
    'refuse with their own error or read, inside of their input, in bounded steps: seed %i',
    (seed) => {
      const tally = { cases: 0, accepted: 0 };
      expect(run(campaign, seed, tally)).toEqual([]);
      // Damage that is never survived would reach nothing behind the first check.
      expect(tally.accepted).toBeGreaterThan(CASES / 20);
    },
  );
});
