import { toHex } from '@touchmark/der';
import { seededRandom, TEST_NOW } from '@touchmark/testkit';
import { Denylist, type PathResult, verifyPath } from '@touchmark/verifier';

import type { Failure } from './campaign.js';
import { type Node, type RandomPki, randomPki, validPaths } from './random-pki.js';

export interface PathTally {
  cases: number;
  accepted: number;
  /** There was more than one way. */
  ambiguous: number;
  /** The search was ended before it had seen everything: nothing to compare. */
  exhausted: number;
}

/** More than these are refused unread. */
const MAX_PRESENTED = 9;

/** `verifyPath` over random PKIs against a search that tries everything. */
export class PathCampaign {
  run(seed: number, index: number, tally?: PathTally): Failure | undefined {
    const pki = randomPki(seed ^ Math.imul(index + 1, 0x9e37_79b1));
    const why = examine(pki, seed ^ index, tally);
    if (why === undefined) return undefined;
    const hex = [pki.leaf, ...pki.cas, ...pki.anchors].map(({ certificate }) => toHex(certificate.der)).join(' ');
    return { seed, case: index, reader: 'verifyPath', sample: `${pki.cas.length} CA certificates`, why, hex };
  }
}

function examine(pki: RandomPki, seed: number, tally: PathTally | undefined): string | undefined {
  const expected = validPaths(pki);
  let result: PathResult;
  try {
    result = verify(pki, seed);
  } catch (error) {
    return `throws ${String(error)}`;
  }
  const isExhausted = !result.ok && result.error.code === 'BUDGET_EXCEEDED';
  if (tally !== undefined) {
    tally.cases += 1;
    tally.accepted += result.ok ? 1 : 0;
    tally.ambiguous += result.ok && expected.length > 1 ? 1 : 0;
    tally.exhausted += isExhausted ? 1 : 0;
  }
  if (isExhausted) return undefined;
  if (!result.ok) return expected.length === 0 ? undefined : `${result.error.code}, but ${expected.length} paths hold`;
  const found = textOf(result.path);
  return expected.some((path) => textOf(path.map(({ certificate }) => certificate)) === found)
    ? undefined
    : 'accepts a path that does not hold';
}

function textOf(path: readonly Node['certificate'][]): string {
  return path.map(({ der }) => toHex(der)).join();
}

// Which CAs were presented and which are known, and in what order, must change nothing.
function verify({ leaf, cas, anchors }: RandomPki, seed: number): PathResult {
  const random = seededRandom(seed);
  const shuffled = cas.map((ca) => ({ ca, at: random() })).toSorted((a, b) => a.at - b.at);
  const presented = Math.min(Math.floor(random() * (cas.length + 1)), MAX_PRESENTED);
  const certificates = shuffled.map(({ ca }) => ca.certificate);
  const revoked = [...cas, leaf].filter((node) => node.revoked);
  return verifyPath({
    chain: [leaf.certificate, ...certificates.slice(0, presented)].map(({ der }) => der),
    trustAnchors: anchors.map(({ certificate }) => certificate),
    intermediates: certificates.slice(presented),
    at: TEST_NOW,
    purpose: 'client',
    requireExtKeyUsage: true,
    revocation: {
      sources: [new Denylist(revoked.map(({ certificate: { issuer, serialNumber } }) => ({ issuer, serialNumber })))],
    },
    monotonic: () => 0,
  });
}
