import { readFileSync } from 'node:fs';
import path from 'node:path';

import { Oid } from '@touchmark/der';
import { CrlSource, type Profile, verifyPath } from '@touchmark/verifier';
import { parseCertificate } from '@touchmark/x509';
import { z } from 'zod';

import type { ConformanceCase, Outcome } from './conformance-case.js';

/** The algorithm alone: certificates of the suite leave out much of what section 4 asks of CAs. */
export const PKITS_PROFILE = 'rfc5280-6.1' satisfies Profile;

const testSchema = z.object({
  test: z.string(),
  /** Some tests are judged several times, under other policies. */
  subpart: z.number().int().nullable(),
  /** File names: trust anchor first, end entity last. */
  certificates: z.array(z.string()).min(2),
  crls: z.array(z.string()),
  valid: z.boolean(),
  initialPolicySet: z.array(z.string()),
  initialExplicitPolicy: z.boolean(),
  initialPolicyMappingInhibit: z.boolean(),
  initialInhibitAnyPolicy: z.boolean(),
  expectedUserConstrainedPolicySet: z.array(z.string()).optional(),
});

const fileSchema = z.object({
  at: z.iso.datetime(),
  policies: z.record(z.string(), z.string()),
  tests: z.array(testSchema),
});

type PkitsTest = z.infer<typeof testSchema>;
type Expectations = z.infer<typeof fileSchema>;

/**
 * The tests of NIST PKITS in a folder with `certs/`, `crls/` and `expected.json`. One that is judged several times is
 * `4.8.1#2`, after its part.
 */
export function pkitsCases(folder: string): readonly ConformanceCase[] {
  const expectations = fileSchema.parse(JSON.parse(readFileSync(path.join(folder, 'expected.json'), 'utf8')));
  return expectations.tests.map((test) => ({
    id: test.subpart === null ? test.test : `${test.test}#${test.subpart}`,
    expected: test.valid ? 'SUCCESS' : 'FAILURE',
    judge: () => judge(test, folder, expectations),
  }));
}

function judge(test: PkitsTest, folder: string, { at, policies }: Expectations): Outcome {
  const read = (kind: 'certs' | 'crls', name: string): Uint8Array =>
    new Uint8Array(readFileSync(path.join(folder, kind, name)));
  const [anchor, ...below] = test.certificates.map((name) => read('certs', name));
  if (anchor === undefined) throw new Error(`${test.test} has no certificate`);
  // 4.4.14 holds a negative serial number valid.
  const serialNumbers = 'any';
  const crls = new CrlSource({ indirect: true });
  for (const name of test.crls) crls.add(read('crls', name));
  const oidOf = (name: string): string => (name === 'anyPolicy' ? Oid.anyPolicy : (policies[name] ?? name));
  const result = verifyPath({
    chain: below.toReversed(),
    trustAnchors: [parseCertificate(anchor, { serialNumbers })],
    intermediates: [],
    at: Date.parse(at) / 1000,
    purpose: 'any',
    profile: PKITS_PROFILE,
    serialNumbers,
    requireExtKeyUsage: false,
    certificatePolicies: {
      acceptable: test.initialPolicySet.map(oidOf),
      requireExplicit: test.initialExplicitPolicy,
      inhibitMapping: test.initialPolicyMappingInhibit,
      inhibitAnyPolicy: test.initialInhibitAnyPolicy,
    },
    revocation: { sources: [crls] },
    monotonic: () => 0,
  });
  if (!result.ok) return { answer: 'FAILURE', code: result.error.code, detail: result.error.message };
  return policyOutcome(result.certificatePolicies, test.expectedUserConstrainedPolicySet?.map(oidOf));
}

/** Where the suite names the policies that hold in the end, ours must be those. */
function policyOutcome(policies: readonly string[], expected: readonly string[] | undefined): Outcome {
  const [ours, theirs] = [policies, expected ?? policies].map((oids) => oids.toSorted().join(', '));
  if (ours === theirs) return { answer: 'SUCCESS' };
  return { answer: 'FAILURE', code: 'POLICIES_DIFFER', detail: `${ours} instead of ${theirs}` };
}
