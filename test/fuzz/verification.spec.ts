import { randomInt } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { VerificationCampaign } from './verification-campaign.js';

const FIXED_SEED = 1;
const CASES = 800;

describe('Hostile chains', { timeout: 60_000 }, () => {
  const campaign = new VerificationCampaign();

  it.each([FIXED_SEED, randomInt(2 ** 31)])('are accepted only for octets that somebody signed: seed %i', (seed) => {
    const tally = { cases: 0, accepted: 0 };
    const failures = Array.from({ length: CASES }, (_, index) => campaign.run(seed, index, tally));
    expect(failures.filter((failure) => failure !== undefined)).toEqual([]);
    expect(tally.accepted).toBeGreaterThan(0);
  });
});
