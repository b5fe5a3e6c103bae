import { Oid } from '@touchmark/der';
import { describe, expect, it } from 'vitest';

import { TEST_NOW, TestCa, testPolicyExtensions, type TestPolicyExtensions } from '@touchmark/testkit';

import { bySeat } from '../../revocation/seat-source.js';
import type { AnchorTerms } from '../anchor-terms.js';
import { PathCertificate } from '../path-certificate.js';
import { verifyPath } from '../verify-path.js';
import { type PolicyInputs, validPolicies } from './valid-policies.js';

// Names of policies: of the trust anchor's domain, of another, and one that nobody maps.
const [GOLD, SILVER, AU, AG, TIN] = ['1.2.1', '1.2.2', '1.3.1', '1.3.2', '1.4'];
const ANY = Oid.anyPolicy;

interface Step extends TestPolicyExtensions {
  /** Issued by a CA of the same name, as for a change of keys. */
  readonly selfIssued?: boolean;
}

/** What becomes of a path whose certificates say this of policies, the one below the anchor first, the end entity last. */
function outcome(
  steps: readonly Step[],
  policies?: PolicyInputs,
  anchorSays: Step = {},
  terms: AnchorTerms = {},
): unknown {
  const anchor = TestCa.root({ subject: 'Anchor', extraExtensions: testPolicyExtensions(anchorSays) });
  const chain: Uint8Array[] = [];
  let issuer = anchor;
  for (const [i, { selfIssued = false, ...says }] of steps.entries()) {
    const extraExtensions = testPolicyExtensions(says);
    if (i === steps.length - 1) {
      chain.unshift(issuer.issue({ extraExtensions }).der);
      break;
    }
    const subject = selfIssued ? issuer.certificate.subject : `CA ${i}`;
    issuer = issuer.issueCa({ subject, extraExtensions });
    chain.unshift(issuer.der);
  }
  const result = verifyPath({
    chain,
    trustAnchors: [{ certificate: anchor.certificate, ...terms }],
    intermediates: [],
    at: TEST_NOW,
    purpose: 'client',
    requireExtKeyUsage: true,
    revocation: bySeat({ statusOf: () => 'valid' }),
    ...(policies && { certificatePolicies: policies }),
  });
  return result.ok ? result.certificatePolicies.toSorted() : result.error.detail;
}

const required = (depth: number): object => ({ code: 'POLICY_REQUIRED', depth });
const says = (...policies: string[]): Step => ({ policies });
const explicit: PolicyInputs = { requireExplicit: true };

describe('policies of a path', () => {
  it('are none, and none is required, where no certificate speaks of them', () => {
    expect(outcome([{}, {}])).toEqual([]);
    expect(outcome([{}, {}], explicit)).toEqual(required(1));
    expect(outcome([{}], explicit)).toEqual(required(0));
  });

  it.each<[string, Step[], string[]]>([
    ['those that every certificate has', [says(GOLD, SILVER), says(SILVER, TIN), says(SILVER, TIN)], [SILVER]],
    ['those of the CAs under which anyPolicy stands', [says(GOLD, SILVER), says(ANY)], [GOLD, SILVER]],
    ['those of the end entity under CAs with anyPolicy', [says(ANY), says(ANY), says(TIN)], [TIN]],
    ['all, where everybody has anyPolicy', [says(ANY), says(ANY)], [ANY]],
  ])('are %s', (_name, steps, policies) => {
    expect(outcome(steps)).toEqual(policies);
    expect(outcome(steps, explicit)).toEqual(policies);
  });

  it('are none where a certificate has none, and where they differ', () => {
    expect(outcome([says(GOLD), {}, says(GOLD)])).toEqual([]);
    expect(outcome([says(GOLD), {}, says(GOLD)], explicit)).toEqual(required(1));
    expect(outcome([says(GOLD), says(SILVER)])).toEqual([]);
    expect(outcome([says(GOLD), says(SILVER)], explicit)).toEqual(required(0));
  });

  it('are required to be acceptable ones, from where none is left', () => {
    const steps = [says(GOLD, SILVER), says(GOLD)];
    expect(outcome(steps, { ...explicit, acceptable: [GOLD, TIN] })).toEqual([GOLD]);
    expect(outcome(steps, { ...explicit, acceptable: [SILVER] })).toEqual(required(0));
    expect(outcome(steps, { ...explicit, acceptable: [] })).toEqual(required(0));
    expect(outcome(steps, { ...explicit, acceptable: [TIN, ANY] })).toEqual([GOLD]);
    expect(outcome([says(GOLD), says(SILVER), says(SILVER)], explicit)).toEqual(required(1));
  });

  it('are named in the domain of the anchor, which may have its own', () => {
    const steps = [says(GOLD, SILVER), says(GOLD)];
    const own: AnchorTerms = { certificatePolicies: { requireExplicit: true, acceptable: [SILVER] } };
    expect(outcome(steps, { ...explicit, acceptable: [GOLD] }, {}, own)).toEqual(required(0));
    expect(outcome(steps, { ...explicit, acceptable: [GOLD] }, {}, {})).toEqual([GOLD]);
  });

  it('refuse nothing by being unacceptable where none is required', () => {
    expect(outcome([says(GOLD), says(GOLD)], { acceptable: [SILVER] })).toEqual([]);
  });

  it('are the acceptable ones where anyPolicy holds for the whole path', () => {
    expect(outcome([says(ANY), says(ANY)], { ...explicit, acceptable: [TIN, GOLD, TIN] })).toEqual([GOLD, TIN]);
  });
});

describe('requireExplicitPolicy', () => {
  it('begins to hold after as many certificates as it says', () => {
    for (const [requireExplicitPolicy, detail] of [
      [0, required(2)],
      [1, required(1)],
      [2, required(0)],
      [3, required(0)],
      [4, []],
    ] as const) {
      expect(outcome([{ ...says(GOLD), requireExplicitPolicy }, {}, {}, {}])).toEqual(detail);
    }
  });

  it('does not count self-issued certificates', () => {
    const first = { ...says(GOLD), requireExplicitPolicy: 3 };
    expect(outcome([first, {}, {}, {}])).toEqual(required(0));
    expect(outcome([first, { selfIssued: true }, {}, {}])).toEqual([]);
  });

  it('counts in the end entity as 0 alone', () => {
    expect(outcome([{}, { requireExplicitPolicy: 0 }])).toEqual(required(0));
    expect(outcome([{}, { requireExplicitPolicy: 1 }])).toEqual([]);
  });

  it('is heeded of the trust anchor, whose policies are not', () => {
    expect(outcome([says(TIN), says(TIN)], undefined, { ...says(GOLD), requireExplicitPolicy: 0 })).toEqual([TIN]);
    expect(outcome([{}, {}], undefined, { requireExplicitPolicy: 0 })).toEqual(required(1));
    expect(outcome([{}, {}], undefined, { requireExplicitPolicy: 3 })).toEqual([]);
  });

  it('is not loosened further down', () => {
    expect(outcome([{ requireExplicitPolicy: 0 }, { requireExplicitPolicy: 9 }, {}])).toEqual(required(1));
  });
});

describe('policyMappings', () => {
  const bridge: Step = {
    ...says(GOLD, SILVER),
    mappings: [
      [GOLD, AU],
      [SILVER, AG],
    ],
  };

  it('carry a policy into another domain, and it is answered by the name of the anchor’s', () => {
    expect(outcome([bridge, says(AU)], explicit)).toEqual([GOLD]);
    expect(outcome([bridge, says(AG, AU)], { ...explicit, acceptable: [SILVER] })).toEqual([SILVER]);
    expect(outcome([bridge, says(AU)], { ...explicit, acceptable: [AU] })).toEqual(required(0));
  });

  it('end the old name', () => {
    expect(outcome([bridge, says(GOLD)], explicit)).toEqual(required(0));
  });

  it('reach a policy that anyPolicy stood for', () => {
    const mappings: [string, string][] = [[GOLD, AU]];
    expect(outcome([{ ...says(ANY), mappings }, says(AU)], explicit)).toEqual([GOLD]);
    expect(outcome([{ ...says(ANY), mappings }, says(TIN)], explicit)).toEqual([TIN]);
    expect(outcome([{ ...says(SILVER), mappings }, says(AU)], explicit)).toEqual(required(0));
  });

  it('make one policy of two, and two of one', () => {
    const merge: Step = {
      ...says(GOLD, SILVER),
      mappings: [
        [GOLD, AU],
        [SILVER, AU],
      ],
    };
    const split: Step = {
      ...says(GOLD),
      mappings: [
        [GOLD, AU],
        [GOLD, AG],
      ],
    };
    expect(outcome([merge, says(AU)], explicit)).toEqual([GOLD, SILVER]);
    expect(outcome([split, says(AG), says(AG)], explicit)).toEqual([GOLD]);
  });

  it('are inhibited by the caller, and by a CA after as many certificates as it says', () => {
    expect(outcome([bridge, says(AU)], { ...explicit, inhibitMapping: true })).toEqual(required(0));
    expect(outcome([bridge, says(GOLD)], { ...explicit, inhibitMapping: true })).toEqual(required(0));
    const inhibiting = (inhibitPolicyMapping: number): Step => ({ ...says(GOLD), inhibitPolicyMapping });
    expect(outcome([inhibiting(0), bridge, says(AU)], explicit)).toEqual(required(0));
    expect(outcome([inhibiting(1), bridge, says(AU)], explicit)).toEqual([GOLD]);
  });

  it.each<[string, [string, string]]>([
    ['from', [ANY, AU]],
    ['to', [GOLD, ANY]],
  ])('must not map %s anyPolicy', (_name, pair) => {
    expect(outcome([says(GOLD), { ...says(GOLD), mappings: [[GOLD, AU], pair] }, says(AU)])).toEqual({
      code: 'POLICY_MAPPING_INVALID',
      depth: 1,
    });
  });
});

describe('inhibitAnyPolicy', () => {
  it('makes anyPolicy stand for nothing, by the caller and by a CA', () => {
    expect(outcome([says(GOLD), says(ANY)], { ...explicit, inhibitAnyPolicy: true })).toEqual(required(0));
    expect(outcome([{ ...says(GOLD), inhibitAnyPolicy: 0 }, says(ANY)], explicit)).toEqual(required(0));
    expect(outcome([{ ...says(GOLD), inhibitAnyPolicy: 1 }, says(ANY)], explicit)).toEqual([GOLD]);
    expect(outcome([{ ...says(GOLD), inhibitAnyPolicy: 1 }, says(ANY), says(ANY)], explicit)).toEqual(required(0));
  });

  it('leaves anyPolicy to self-issued CA certificates', () => {
    const first = { ...says(GOLD), inhibitAnyPolicy: 0 };
    expect(outcome([first, { ...says(ANY), selfIssued: true }, says(GOLD)], explicit)).toEqual([GOLD]);
    expect(outcome([first, says(ANY), says(GOLD)], explicit)).toEqual(required(1));
  });
});

describe('policies made to keep us busy', () => {
  const many = Array.from({ length: 32 }, (_, i) => `1.2.${i}`);
  const allToAll = many.flatMap((from) => many.map((to): [string, string] => [from, to]));

  // A tree would have 32 ** 8 leaves.
  it('cost what their octets cost: eight CAs that map 32 policies to all 32', () => {
    const extraExtensions = testPolicyExtensions({ policies: many, mappings: allToAll });
    const cas = [TestCa.root()];
    for (let i = 0; i < 8; i++) cas.unshift(cas[0]!.issueCa({ subject: `CA ${i}`, extraExtensions }));
    const under = (policies: string[]): readonly PathCertificate[] =>
      [cas[0]!.issue({ extraExtensions: testPolicyExtensions({ policies }) }), ...cas].map(
        ({ certificate }) => new PathCertificate(certificate),
      );
    expect(validPolicies(under(many), explicit).toSorted()).toEqual(many.toSorted());
    expect(() => validPolicies(under([TIN]), explicit)).toThrow(
      expect.objectContaining({ detail: { code: 'POLICY_REQUIRED', depth: 0 } }),
    );
  });

  it('are bounded in number: 33 in one certificate are malformed', () => {
    const tooMany = [...many, TIN];
    expect(outcome([{}, says(...tooMany)])).toEqual({ code: 'CERTIFICATE_MALFORMED', depth: 0 });
  });
});
