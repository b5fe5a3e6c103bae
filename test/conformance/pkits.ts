import { readFileSync } from 'node:fs';
import path from 'node:path';

import { uncheckedRevocation, verifyPath } from '@touchmark/verifier';
import { parseCertificate } from '@touchmark/x509';
import { z } from 'zod';

import type { ConformanceCase, Outcome } from './conformance-case.js';

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
});

const fileSchema = z.object({
  at: z.iso.datetime(),
  policies: z.record(z.string(), z.string()),
  tests: z.array(testSchema),
});

const ANY_POLICY = '2.5.29.32.0';

type PkitsTest = z.infer<typeof testSchema>;

/**
 * The tests of NIST PKITS in a folder with `certs/`, `crls/` and `expected.json`. One that is judged several times is
 * `4.8.1#2`, after its part.
 */
export function pkitsCases(folder: string): readonly ConformanceCase[] {
  const expectations = fileSchema.parse(JSON.parse(readFileSync(path.join(folder, 'expected.json'), 'utf8')));
  const at = Date.parse(expectations.at) / 1000;
  return expectations.tests.map((test) => ({
    id: test.subpart === null ? test.test : `${test.test}#${test.subpart}`,
    expected: test.valid ? 'SUCCESS' : 'FAILURE',
    judge: () => judge(test, folder, at, expectations.policies),
  }));
}

function judge(test: PkitsTest, folder: string, at: number, policies: Readonly<Record<string, string>>): Outcome {
  const read = (kind: 'certs' | 'crls', name: string): Uint8Array =>
    new Uint8Array(readFileSync(path.join(folder, kind, name)));
  const [anchor, ...below] = test.certificates.map((name) => read('certs', name));
  // 4.4.14 holds a negative serial number valid.
  const serialNumbers = 'any';
  if (anchor === undefined) throw new Error(`${test.test} has no certificate`);
  const result = verifyPath({
    chain: below.toReversed(),
    trustAnchors: [parseCertificate(anchor, { serialNumbers })],
    intermediates: [],
    at,
    purpose: 'any',
    profile: 'rfc5280',
    serialNumbers,
    requireExtKeyUsage: false,
    policies: {
      acceptable: test.initialPolicySet.map((name) => (name === 'anyPolicy' ? ANY_POLICY : (policies[name] ?? name))),
      requireExplicit: test.initialExplicitPolicy,
      inhibitMapping: test.initialPolicyMappingInhibit,
      inhibitAnyPolicy: test.initialInhibitAnyPolicy,
    },
    revocation: uncheckedRevocation,
  });
  if (result.ok) return { answer: 'SUCCESS' };
  return { answer: 'FAILURE', code: result.error.code, detail: result.error.message };
}
