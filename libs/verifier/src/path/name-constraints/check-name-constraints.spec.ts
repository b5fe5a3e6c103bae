import { Oid } from '@touchmark/der';
import {
  encodeExtension,
  encodeName,
  encodeNameConstraints,
  type EncodableName,
  type GeneralName,
} from '@touchmark/x509';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { TEST_NOW, TestCa, type TestCertificateOptions } from '@touchmark/testkit';

import { VerifierError, type VerifierErrorDetail } from '../../error.js';
import { bySeat } from '../../revocation/seat-source.js';
import { Budget } from '../budget.js';
import type { PathRequest } from '../path-request.js';
import { verifyPath } from '../verify-path.js';
import { checkNameConstraints, type ConstrainedCertificate } from './check-name-constraints.js';
import { NameSpace } from './name-space.js';

interface Constraints {
  readonly permitted?: readonly EncodableName[];
  readonly excluded?: readonly EncodableName[];
}

const dns = (value: string): EncodableName => ({ kind: 'dNSName', value });
const commonName = (value: string): Uint8Array => encodeName([{ type: Oid.commonName, value }]);

/** A certificate as far as name constraints look at it. */
function certificate(options: {
  subject?: Uint8Array;
  names?: readonly GeneralName[];
  constraints?: Constraints;
  selfIssued?: boolean;
}): ConstrainedCertificate {
  const { subject = commonName('x'), names, constraints, selfIssued = false } = options;
  const nameSpace = constraints && new NameSpace({ permitted: [], excluded: [], ...constraints });
  return { certificate: { subject }, subjectAltName: names, selfIssued, nameSpace };
}

function refusal(path: readonly ConstrainedCertificate[], budget = new Budget()): VerifierErrorDetail | 'accepted' {
  try {
    checkNameConstraints(path, budget);
    return 'accepted';
  } catch (error) {
    if (error instanceof VerifierError) return error.detail;
    throw error;
  }
}

const refused = (depth: number, by: number): object => ({ code: 'NAME_NOT_PERMITTED', depth, by, nameKind: 'dNSName' });
const permits = (...names: string[]): ConstrainedCertificate =>
  certificate({ constraints: { permitted: names.map(dns) } });
const excludes = (...names: string[]): ConstrainedCertificate =>
  certificate({ constraints: { excluded: names.map(dns) } });
const named = (...names: string[]): ConstrainedCertificate => certificate({ names: names.map(dns) });
const plain = certificate({});

describe('checkNameConstraints', () => {
  it('holds a path without constraints, whatever its names', () => {
    expect(refusal([named('.not a name'), plain, plain])).toBe('accepted');
  });

  it('asks every name of every certificate below the CA, and says which of whose', () => {
    expect(refusal([named('a.test'), plain, permits('test')])).toBe('accepted');
    expect(refusal([named('a.test', 'b.org'), plain, permits('test')])).toEqual(refused(0, 2));
    expect(refusal([named('a.test'), named('a.org'), permits('test')])).toEqual(refused(1, 2));
    expect(refusal([named('a.test'), permits('test'), named('a.org')])).toBe('accepted');
  });

  it('does not ask the CA itself', () => {
    const ca = certificate({ names: [dns('a.org')], constraints: { permitted: [dns('test')] } });
    expect(refusal([named('a.test'), ca, plain])).toBe('accepted');
  });

  it('holds names to what every CA permits, and no CA excludes', () => {
    expect(refusal([named('b.test'), permits('b.test'), permits('a.test', 'b.test')])).toBe('accepted');
    expect(refusal([named('a.test'), permits('b.test'), permits('a.test', 'b.test')])).toEqual(refused(0, 1));
    expect(refusal([named('a.test'), permits('a.test', 'b.test'), permits('b.test')])).toEqual(refused(0, 2));
    expect(refusal([named('a.test'), permits('b.test'), permits('a.test')])).toEqual(refused(0, 1));
    expect(refusal([named('a.test'), excludes('b.test'), excludes('a.test')])).toEqual(refused(0, 2));
  });

  it('lets exclusion win over permission', () => {
    const both = certificate({ constraints: { permitted: [dns('test')], excluded: [dns('a.test')] } });
    expect(refusal([named('b.test'), both])).toBe('accepted');
    expect(refusal([named('a.test'), both])).toEqual(refused(0, 1));
  });

  it('spares self-issued certificates, unless they end the path', () => {
    const rolled = certificate({ names: [dns('a.org')], selfIssued: true });
    expect(refusal([named('a.test'), rolled, permits('test')])).toBe('accepted');
    expect(refusal([rolled, plain, permits('test')])).toEqual(refused(0, 2));
  });

  it('takes the constraints of a self-issued certificate as any other’s', () => {
    const rolled = certificate({ constraints: { permitted: [dns('test')] }, selfIssued: true });
    expect(refusal([named('a.org'), rolled, plain])).toEqual(refused(0, 1));
  });

  it('ends at once where names and subtrees are many, and counts over the whole path', () => {
    const names = Array.from({ length: 2048 }, (_, i) => dns(`n${i}.test`));
    const crowd = certificate({ names });
    const hostile = excludes(...names.map((_, i) => `x${i}`));
    const exceeded = { code: 'BUDGET_EXCEEDED', budget: 'nameComparisons', limit: 250_000 };
    expect(refusal([crowd, hostile])).toEqual(exceeded);
    const hundred = excludes(...Array.from({ length: 100 }, (_, i) => `x${i}`));
    expect(refusal([crowd, hundred])).toBe('accepted');
    expect(refusal([crowd, hundred, hundred])).toEqual(exceeded);
    const budget = new Budget();
    expect(refusal([crowd, hundred], budget)).toBe('accepted');
    expect(refusal([crowd, hundred], budget)).toEqual(exceeded);
  });

  it('answers as a model that intersects and unites sets of names', () => {
    const labels = fc.constantFrom('a', 'b', 'test');
    const domains = fc.array(labels, { minLength: 1, maxLength: 3 });
    const subtrees = fc.option(fc.array(domains, { maxLength: 3 }), { nil: undefined });
    const ca = fc.record({
      permitted: subtrees,
      excluded: subtrees,
      selfIssued: fc.boolean(),
      names: fc.array(domains, { maxLength: 2 }),
    });
    fc.assert(
      fc.property(fc.array(ca, { minLength: 2, maxLength: 4 }), (cas) => {
        const path = cas.map(({ permitted, excluded, selfIssued, names }) =>
          certificate({
            selfIssued,
            names: names.map((labelsOf) => dns(labelsOf.join('.'))),
            ...((permitted?.length ?? 0) + (excluded?.length ?? 0) === 0
              ? {}
              : {
                  constraints: {
                    permitted: (permitted ?? []).map((labelsOf) => dns(labelsOf.join('.'))),
                    excluded: (excluded ?? []).map((labelsOf) => dns(labelsOf.join('.'))),
                  },
                }),
          }),
        );
        expect(refusal(path) === 'accepted').toBe(model(cas));
      }),
      { numRuns: 300 },
    );
  });
});

function isBelow(name: readonly string[], subtree: readonly string[]): boolean {
  return name.slice(-subtree.length).join('.') === subtree.join('.');
}

/** Every name of at most three labels, and of each CA the set of those that it leaves. */
function model(
  cas: readonly {
    permitted: string[][] | undefined;
    excluded: string[][] | undefined;
    selfIssued: boolean;
    names: string[][];
  }[],
): boolean {
  let universe = [[]] as string[][];
  for (let i = 0; i < 3; i++)
    universe = [...universe, ...universe.flatMap((n) => ['a', 'b', 'test'].map((l) => [l, ...n]))];
  let left = new Set(universe.map((name) => name.join('.')));
  // from the trust anchor down, as RFC 5280 6.1 walks
  for (const [depth, { permitted = [], excluded = [], selfIssued, names }] of [...cas.entries()].toReversed()) {
    const isAnchor = depth === cas.length - 1;
    const exempt = isAnchor || (selfIssued && depth > 0);
    if (!exempt && names.some((name) => !left.has(name.join('.')))) return false;
    const stays = (text: string): boolean => {
      const name = text.split('.');
      if (excluded.some((subtree) => isBelow(name, subtree))) return false;
      return permitted.length === 0 || permitted.some((subtree) => isBelow(name, subtree));
    };
    left = new Set([...left].filter(stays));
  }
  return true;
}

function subtreeOf(labels: readonly string[]): EncodableName {
  return dns(labels.join('.'));
}

it('a wildcard is permitted if all that it stands for is, and excluded if any of it is', () => {
  const labels = fc.constantFrom('a', 'b', 'test');
  const subtree = fc.array(labels, { minLength: 1, maxLength: 3 });
  const constraints = fc.record({
    permitted: fc.array(subtree, { minLength: 1, maxLength: 3 }),
    excluded: fc.array(subtree, { maxLength: 2 }),
  });
  fc.assert(
    fc.property(fc.array(labels, { minLength: 1, maxLength: 2 }), constraints, (domain, { permitted, excluded }) => {
      const ca = certificate({
        constraints: { permitted: permitted.map(subtreeOf), excluded: excluded.map(subtreeOf) },
      });
      // "z" is every label that no subtree names
      const names = ['a', 'b', 'test', 'z'].map((label) => [label, ...domain]);
      const allPermitted = names.every((name) => permitted.some((base) => isBelow(name, base)));
      const anyExcluded = names.some((name) => excluded.some((base) => isBelow(name, base)));
      expect(refusal([named(`*.${domain.join('.')}`), ca]) === 'accepted').toBe(allPermitted && !anyExcluded);
    }),
    { numRuns: 300 },
  );
});

function constrained(constraints: Constraints, critical = true): TestCertificateOptions {
  return { extraExtensions: [encodeExtension(Oid.nameConstraints, critical, encodeNameConstraints(constraints))] };
}

function answer(chain: readonly Uint8Array[], ...anchors: readonly TestCa[]): VerifierErrorDetail | 'accepted' {
  const request: PathRequest = {
    chain,
    trustAnchors: anchors.map((anchor) => anchor.certificate),
    intermediates: [],
    at: TEST_NOW,
    purpose: 'client',
    requireExtKeyUsage: true,
    revocation: bySeat({ statusOf: () => 'valid' }),
  };
  const result = verifyPath(request);
  return result.ok ? 'accepted' : result.error.detail;
}

describe('verifyPath applies name constraints', () => {
  const permitTest = { permitted: [dns('test')] };

  it.each([true, false])('of a CA, critical: %s', (critical) => {
    const root = TestCa.root();
    const ca = root.issueCa(constrained(permitTest, critical));
    expect(answer([ca.issue({ subjectAltName: [dns('a.test')] }).der, ca.der], root)).toBe('accepted');
    expect(answer([ca.issue({ subjectAltName: [dns('a.org')] }).der, ca.der], root)).toEqual(refused(0, 1));
  });

  it('of a trust anchor', () => {
    const root = TestCa.root(constrained(permitTest));
    expect(answer([root.issue({ subjectAltName: [dns('a.test')] }).der], root)).toBe('accepted');
    expect(answer([root.issue({ subjectAltName: [dns('a.org')] }).der], root)).toEqual(refused(0, 1));
  });

  it('but no end entity has any', () => {
    const root = TestCa.root();
    for (const critical of [true, false]) {
      const leaf = root.issue(constrained(permitTest, critical));
      expect(answer([leaf.der], root)).toEqual({ code: 'EXTENSION_UNSUPPORTED', depth: 0, oid: Oid.nameConstraints });
    }
  });

  it('and passes over a CA whose constraints are malformed', () => {
    const root = TestCa.root();
    const ca = root.issueCa(constrained({ permitted: [dns('.test')] }));
    expect(answer([ca.issue({ subjectAltName: [dns('a.test')] }).der, ca.der], root)).toEqual({
      code: 'CERTIFICATE_MALFORMED',
      depth: 1,
    });
  });

  it('and takes another path where one violates them', () => {
    const rootA = TestCa.root({ subject: 'A' });
    const rootB = TestCa.root({ subject: 'B' });
    const narrow = rootA.issueCa({ subject: 'Narrow', ...constrained({ excluded: [dns('forbidden.test')] }) });
    const first = narrow.issueCa({ subject: 'Twin', subjectAltName: [dns('forbidden.test')] });
    const second = rootB.issueCa({ subject: 'Twin', key: first.key, subjectAltName: [dns('other.test')] });
    const leaf = first.issue({ subjectAltName: [dns('a.test')] });
    expect(answer([leaf.der, first.der, narrow.der, second.der], rootA, rootB)).toBe('accepted');
    expect(answer([leaf.der, first.der, narrow.der], rootA, rootB)).toEqual(refused(1, 2));
  });
});
