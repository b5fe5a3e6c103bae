import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import type { Answer, ConformanceCase, Outcome } from './conformance-case.js';
import { type Exception, readExceptions } from './exceptions.js';
import { runSuite } from './report.js';

const ACCEPTED: Outcome = { answer: 'SUCCESS' };
const EXPIRED: Outcome = { answer: 'FAILURE', code: 'CERT_EXPIRED', detail: 'CERT_EXPIRED at depth 0' };

function testCase(expected: Answer, outcome: Outcome): ConformanceCase {
  return { id: 'a::b', expected, judge: () => outcome };
}

function declared(answer: string, suite: Exception['suite'] = 'limbo'): Exception {
  return { suite, id: 'a::b', answer, reason: 'It is old, and we say so.', source: 'RFC 5280 section 6.1.3' };
}

const run = (cases: readonly ConformanceCase[], exceptions: readonly Exception[] = []): ReturnType<typeof runSuite> =>
  runSuite({ name: 'limbo', cases }, exceptions);

describe('a conformance report', () => {
  it('counts what agrees and says nothing of it', () => {
    expect(run([testCase('SUCCESS', ACCEPTED), testCase('FAILURE', EXPIRED)])).toEqual({
      lines: [],
      tally: { suite: 'limbo', total: 2, agree: 2, disagree: 0, declared: 0, unsupported: 0 },
    });
  });

  it('has the keys of its closing line in order', () => {
    expect(JSON.stringify(run([]).tally)).toBe(
      '{"suite":"limbo","total":0,"agree":0,"disagree":0,"declared":0,"unsupported":0}',
    );
  });

  it('has a line for each disagreement, one for a case that is repeated', () => {
    const failing = testCase('SUCCESS', EXPIRED);
    const { lines, tally } = run([failing, failing]);
    expect(lines).toEqual(['disagree a::b: expected SUCCESS, answered FAILURE CERT_EXPIRED (CERT_EXPIRED at depth 0)']);
    expect(tally).toMatchObject({ total: 2, agree: 0, disagree: 2 });
  });

  it('counts a difference that is declared, with its reason', () => {
    const { lines, tally } = run([testCase('SUCCESS', EXPIRED)], [declared('FAILURE CERT_EXPIRED')]);
    expect(tally).toMatchObject({ disagree: 0, declared: 1 });
    expect(lines).toEqual([expect.stringMatching(/^declared a::b: .*It is old.*RFC 5280 section 6\.1\.3/)]);
  });

  it.each<[string, Answer, Outcome, string]>([
    ['no longer differs', 'FAILURE', EXPIRED, 'FAILURE CERT_EXPIRED'],
    ['differs in another way', 'SUCCESS', EXPIRED, 'FAILURE BAD_SIGNATURE'],
  ])('takes for a disagreement what is declared and %s', (_name, expected, outcome, answer) => {
    const { lines, tally } = run([testCase(expected, outcome)], [declared(answer)]);
    expect(tally).toMatchObject({ agree: 0, disagree: 1, declared: 0 });
    expect(lines).toEqual([expect.stringContaining('declared as')]);
  });

  it('does not take the exceptions of another suite', () => {
    const { tally } = run([testCase('SUCCESS', EXPIRED)], [declared('FAILURE CERT_EXPIRED', 'pkits')]);
    expect(tally).toMatchObject({ disagree: 1, declared: 0 });
  });

  it('says what an unsupported case needs', () => {
    const { lines, tally } = run([testCase('SUCCESS', { answer: 'UNSUPPORTED', why: 'flying' })]);
    expect(tally).toMatchObject({ disagree: 0, unsupported: 1 });
    expect(lines).toEqual(['unsupported a::b: flying']);
  });
});

describe('exceptions.json', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'touchmark-exceptions-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  function readFrom(value: unknown): readonly Exception[] {
    const file = path.join(folder, 'exceptions.json');
    writeFileSync(file, JSON.stringify(value));
    return readExceptions(file);
  }

  it('is read', () => {
    expect(readFrom([declared('SUCCESS')])).toEqual([declared('SUCCESS')]);
  });

  it.each<[string, unknown]>([
    ['an entry without a reason', [{ ...declared('SUCCESS'), reason: '' }]],
    ['an entry without a source', [{ ...declared('SUCCESS'), source: undefined }]],
    ['an answer that is none', [declared('MAYBE')]],
    ['a case that is declared twice', [declared('SUCCESS'), declared('FAILURE CERT_EXPIRED')]],
  ])('refuses %s', (_name, value) => {
    expect(() => readFrom(value)).toThrow();
  });
});
