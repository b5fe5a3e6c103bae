import { generateTestKey, makeTestCrl, TEST_NOW, TestCa, testDistributionPoints } from '@touchmark/testkit';
import { ALL_REASONS, type ReasonFlag } from '@touchmark/x509';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { verifyPath } from '../../path/verify-path.js';
import { CrlSource } from './crl-source.js';

const DAY = 86_400;
const COMPROMISE: readonly ReasonFlag[] = ['keyCompromise', 'cACompromise', 'aACompromise'];
const OTHERS = [...ALL_REASONS].filter((reason) => !COMPROMISE.includes(reason));
const URIS = ['http://crl.example/1.crl', 'http://crl.example/2.crl'];
const root = TestCa.root();
const mallory = generateTestKey();

interface Scope {
  readonly uri: string | undefined;
  readonly only: 'user' | 'ca' | undefined;
  readonly reasons: readonly ReasonFlag[] | undefined;
}

interface Point {
  readonly uri: string;
  readonly reasons: readonly ReasonFlag[] | undefined;
}

/** A CRL as it is meant. It lists the certificate with this reason, or not. */
interface Crl {
  readonly scope: Scope;
  readonly cRLNumber: number;
  readonly base: number | undefined;
  readonly fresh: boolean;
  readonly forged: boolean;
  readonly listed: 'keyCompromise' | 'certificateHold' | 'removeFromCRL' | undefined;
}

const reasons = fc.constantFrom(undefined, undefined, COMPROMISE, OTHERS);
const scope: fc.Arbitrary<Scope> = fc.record({
  uri: fc.constantFrom(undefined, ...URIS),
  only: fc.constantFrom(undefined, undefined, 'user' as const, 'ca' as const),
  reasons,
});
const points: fc.Arbitrary<readonly Point[]> = fc.array(fc.record({ uri: fc.constantFrom(...URIS), reasons }), {
  maxLength: 2,
});

/** Few scopes and several CRLs of each, numbered in the order in which they were made, handed in in another. */
const crls: fc.Arbitrary<readonly Crl[]> = fc.array(scope, { minLength: 1, maxLength: 3 }).chain((scopes) =>
  fc
    .array(
      fc.record({
        scope: fc.constantFrom(...scopes),
        back: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
        fresh: fc.boolean(),
        forged: fc.constantFrom(false, false, false, true),
        listed: fc.constantFrom(undefined, undefined, 'keyCompromise', 'certificateHold', 'removeFromCRL'),
      }),
      { minLength: 1, maxLength: 6 },
    )
    .map((made) =>
      made.map(({ back, listed, ...rest }, i): Crl => {
        const base = back === undefined ? undefined : Math.max(1, i + 1 - back);
        const removal = listed === 'removeFromCRL' && base === undefined;
        return { ...rest, base, cRLNumber: i + 1, listed: removal ? undefined : listed };
      }),
    ),
);

function encode(
  { scope: { uri, only, reasons: some }, cRLNumber, base, fresh, forged, listed }: Crl,
  subject: Subject,
) {
  const limited = uri !== undefined || only !== undefined || some !== undefined;
  return makeTestCrl(root, {
    cRLNumber: BigInt(cRLNumber),
    thisUpdate: TEST_NOW - DAY + cRLNumber,
    nextUpdate: fresh ? TEST_NOW + DAY : TEST_NOW - 1,
    entries: listed === undefined ? [] : [{ serialNumber: subject.certificate, reasonCode: listed }],
    ...(base === undefined ? {} : { baseCRLNumber: BigInt(base) }),
    ...(forged ? { signingKey: mallory } : {}),
    ...(limited
      ? {
          scope: {
            ...(uri === undefined ? {} : { distributionPoint: uri }),
            ...(only === undefined ? {} : { onlyContains: only }),
            ...(some === undefined ? {} : { onlySomeReasons: some }),
          },
        }
      : {}),
  });
}

type Subject = ReturnType<typeof root.issue>;
type Answer = 'good' | 'CERT_REVOKED' | 'CERT_SUSPENDED' | 'STATUS_UNKNOWN';

function ask(source: CrlSource, subject: Subject): string {
  const result = verifyPath({
    chain: [subject.der],
    trustAnchors: [root.certificate],
    intermediates: [],
    at: TEST_NOW,
    purpose: 'client',
    requireExtKeyUsage: false,
    revocation: { sources: [source] },
  });
  return result.ok ? 'good' : result.error.code;
}

/** RFC 5280 6.3.3 told again for user certificates, over what the CRLs mean, in whatever order. */
function answerOf(scopes: readonly (readonly Crl[])[], where: readonly Point[]): Answer {
  const covered = new Set<ReasonFlag>();
  let held = false;
  for (const point of [...where, undefined]) {
    for (const group of scopes) {
      const about = group[0]?.scope;
      if (about === undefined || about.only === 'ca') continue;
      if (about.uri !== undefined && about.uri !== point?.uri) continue;
      const interim = [...ALL_REASONS]
        .filter((reason) => point?.reasons?.includes(reason) ?? true)
        .filter((reason) => about.reasons?.includes(reason) ?? true);
      if (interim.length === 0) continue;
      const verdict = verdictOf(group);
      if (verdict === 'CERT_REVOKED') return verdict;
      if (verdict === 'CERT_SUSPENDED') held = true;
      if (verdict === 'good') for (const reason of interim) covered.add(reason);
    }
  }
  if (held) return 'CERT_SUSPENDED';
  return covered.size === ALL_REASONS.size ? 'good' : 'STATUS_UNKNOWN';
}

function verdictOf(group: readonly Crl[]): Answer {
  const newest = group.filter(({ forged }) => !forged).toSorted((a, b) => b.cRLNumber - a.cRLNumber);
  const complete = newest.find(({ base }) => base === undefined);
  const delta = newest.find(({ base, cRLNumber }) => base !== undefined && cRLNumber > (complete?.cRLNumber ?? 0));
  const combined =
    complete !== undefined && delta?.base !== undefined && delta.base <= complete.cRLNumber && delta.fresh;
  if (delta?.listed === 'keyCompromise') return 'CERT_REVOKED';
  if (delta?.listed === 'certificateHold') return 'CERT_SUSPENDED';
  if (delta?.listed === 'removeFromCRL' && combined) return 'good';
  if (complete?.listed === 'keyCompromise') return 'CERT_REVOKED';
  if (complete?.listed === 'certificateHold') return 'CERT_SUSPENDED';
  return complete !== undefined && (complete.fresh || combined) ? 'good' : 'STATUS_UNKNOWN';
}

function keyOf({ uri, only, reasons: some }: Scope): string {
  return JSON.stringify([uri, only, some]);
}

describe('CrlSource and a naive model', () => {
  it('agree on random shards, reasons and deltas, whatever the order and the questions between', () => {
    const seen = new Set<string>();
    const key = generateTestKey();
    fc.assert(
      fc.property(crls, points, fc.infiniteStream(fc.nat()), fc.boolean(), (made, where, random, asksBetween) => {
        const extraExtensions = where.length === 0 ? [] : [testDistributionPoints(where.map(pointOf))];
        const subject = root.issue({ key, extraExtensions });
        const source = new CrlSource();
        const shuffled = made
          .map((crl) => ({ crl, at: random.next().value }))
          .toSorted((a, b) => a.at - b.at)
          .map(({ crl }) => crl);
        for (const crl of shuffled) {
          source.add(encode(crl, subject));
          if (asksBetween) ask(source, subject);
        }
        const groups = [...Map.groupBy(made, (crl) => keyOf(crl.scope)).values()];
        const answer = ask(source, subject);
        expect(answer).toBe(answerOf(groups, where));
        seen.add(answer);
      }),
      // a seed whose runs come to every answer
      { numRuns: 200, seed: 5 },
    );
    expect(seen).toEqual(new Set(['good', 'CERT_REVOKED', 'CERT_SUSPENDED', 'STATUS_UNKNOWN']));
  });
});

function pointOf({ uri, reasons: some }: Point): Parameters<typeof testDistributionPoints>[0][number] {
  return { distributionPoint: uri, ...(some === undefined ? {} : { reasons: some }) };
}
