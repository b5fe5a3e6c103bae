import { randomInt } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { PathCampaign, type PathTally } from './path-campaign.js';

const FIXED_SEED = 1;
const CASES = 80;

describe('Random PKIs', () => {
  const campaign = new PathCampaign();

  it.each([FIXED_SEED, randomInt(2 ** 31)])(
    'verifyPath accepts what holds by a search that tries everything, and nothing else: seed %i',
    (seed) => {
      const tally: PathTally = { cases: 0, accepted: 0, ambiguous: 0, exhausted: 0 };
      const failures = Array.from({ length: CASES }, (_, index) => campaign.run(seed, index, tally));
      expect(failures.filter((failure) => failure !== undefined)).toEqual([]);
      expect(tally.cases).toBe(CASES);
      expect(tally.accepted).toBeGreaterThan(CASES / 10);
      expect(tally.ambiguous).toBeGreaterThan(CASES / 40);
      expect(tally.exhausted).toBeLessThan(CASES / 10);
    },
  );
});
