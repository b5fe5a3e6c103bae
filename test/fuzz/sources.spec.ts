import { randomInt } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { SourceCampaign } from './source-campaign.js';

const FIXED_SEED = 1;
const CASES = 300;

describe('Sources of revocation', () => {
  const campaign = new SourceCampaign();

  it.each([FIXED_SEED, randomInt(2 ** 31)])('believe only what was signed, and throw nothing: seed %i', (seed) => {
    const tally = { cases: 0, accepted: 0 };
    const failures = Array.from({ length: CASES }, (_, index) => campaign.run(seed, index, tally));
    expect(failures.filter((failure) => failure !== undefined)).toEqual([]);
    expect(tally.cases).toBe(CASES);
    expect(tally.accepted).toBeGreaterThan(0);
  });
});
