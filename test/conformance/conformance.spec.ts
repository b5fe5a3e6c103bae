import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import type { ConformanceSuite } from './conformance-case.js';
import { readExceptions } from './exceptions.js';
import { limboCases, profileOf } from './limbo.js';
import { readLimboFile } from './limbo-file.js';
import { PKITS_PROFILE, pkitsCases } from './pkits.js';
import { runSuite } from './report.js';

const repository = path.resolve(import.meta.dirname, '../..');
const exceptions = readExceptions(path.join(import.meta.dirname, 'exceptions.json'));

// The public suites are not ours to keep: they are run where they lie beside the clone, and skipped elsewhere.
const vectors = ['../shared/vectors', '../../shared/vectors'].map((folder) => path.join(repository, folder));
const [folder = ''] = vectors.filter((candidate) => existsSync(candidate));
const sample = path.join(folder, 'limbo/limbo-sample.json');
const pkits = path.join(folder, 'pkits');

function undeclared(suite: ConformanceSuite): readonly string[] {
  return runSuite(suite, exceptions).lines.filter((line) => !line.startsWith('declared'));
}

describe('public suites, where they are', () => {
  it.skipIf(!existsSync(sample))('the sample of x509-limbo agrees, or differs as declared', () => {
    const cases = limboCases(readLimboFile(sample));
    expect(cases.length).toBeGreaterThan(100);
    expect(undeclared({ name: 'limbo', cases })).toEqual([]);
  });

  it.skipIf(!existsSync(pkits))('NIST PKITS agrees, or differs as declared', () => {
    const cases = pkitsCases(pkits);
    expect(cases.length).toBeGreaterThan(200);
    expect(undeclared({ name: 'pkits', cases })).toEqual([]);
  });
});

it('docs/conformance.md has every exception, and no other', () => {
  const document = readFileSync(path.join(repository, 'docs/conformance.md'), 'utf8');
  const rows = [...document.matchAll(/^\| (limbo|pkits) \| `([^`]+)` \| ([A-Z_ ]+) \| (.+) \| (.+) \|$/gm)];
  expect(rows.map(([, suite, id, answer, reason, source]) => ({ suite, id, answer, reason, source }))).toEqual(
    exceptions,
  );
});

it('docs/conformance.md says under which profile a suite is judged', () => {
  const document = readFileSync(path.join(repository, 'docs/conformance.md'), 'utf8');
  const rows = [...document.matchAll(/^\| ((?:x509-limbo|NIST PKITS).*?) \| profile `([^`]+)`/gm)];
  const said = rows.map(([, suite = '', profile]) => ({
    ids: [...suite.matchAll(/`(\w+)`/g)].map(([, namespace]) => `${namespace}::case`),
    profile,
  }));
  const [web, rest, pkitsRow] = said;
  expect(web?.ids.map((id) => profileOf({ id }))).toEqual([web?.profile, web?.profile]);
  expect(rest?.profile).toBe(profileOf({ id: 'rfc5280::case' }));
  expect(pkitsRow?.profile).toBe(PKITS_PROFILE);
});
