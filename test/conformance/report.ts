import type { ConformanceCase, ConformanceSuite, Outcome } from './conformance-case.js';
import type { Exception } from './exceptions.js';

/** The closing line. `total` is the sum of the other four. */
export interface Tally {
  readonly suite: string;
  readonly total: number;
  /** Our answer is the suite's. */
  readonly agree: number;
  /** It is not, and nobody said so; or it was declared to differ, and does not, or in another way. */
  readonly disagree: number;
  /** It differs as `exceptions.json` declares. */
  readonly declared: number;
  /** The case needs what the verifier does not have. */
  readonly unsupported: number;
}

type Kind = 'agree' | 'disagree' | 'declared' | 'unsupported';

export interface Report {
  /** One line for each case that does not agree, in the suite's order; a case that is repeated has one line. */
  readonly lines: readonly string[];
  readonly tally: Tally;
}

/** Judges every case of a suite and compares the answers with what the suite, or a declared exception to it, says. */
export function runSuite(suite: ConformanceSuite, exceptions: readonly Exception[]): Report {
  // Our own cases are those of x509-limbo, built anew.
  const declaredFor = suite.name === 'own' ? 'limbo' : suite.name;
  const declared = new Map(exceptions.filter((entry) => entry.suite === declaredFor).map((entry) => [entry.id, entry]));
  const counts: Record<Kind, number> = { agree: 0, disagree: 0, declared: 0, unsupported: 0 };
  const lines = new Set<string>();
  for (const testCase of suite.cases) {
    const { kind, line } = compare(testCase, testCase.judge(), declared.get(testCase.id));
    counts[kind] += 1;
    if (line !== undefined) lines.add(`${kind} ${testCase.id}: ${line}`);
  }
  return { lines: [...lines], tally: { suite: suite.name, total: suite.cases.length, ...counts } };
}

function compare(
  { expected }: ConformanceCase,
  outcome: Outcome,
  exception: Exception | undefined,
): { kind: Kind; line?: string } {
  if (outcome.answer === 'UNSUPPORTED') return { kind: 'unsupported', line: outcome.why };
  const answer = outcome.answer === 'SUCCESS' ? outcome.answer : `${outcome.answer} ${outcome.code}`;
  const detail = 'detail' in outcome ? ` (${outcome.detail})` : '';
  if (outcome.answer === expected) {
    if (exception === undefined) return { kind: 'agree' };
    return { kind: 'disagree', line: `is declared as ${exception.answer}, but agrees: ${answer}${detail}` };
  }
  const differs = `expected ${expected}, answered ${answer}${detail}`;
  if (exception === undefined) return { kind: 'disagree', line: differs };
  if (exception.answer !== answer) return { kind: 'disagree', line: `${differs}; declared as ${exception.answer}` };
  return { kind: 'declared', line: `${differs}: ${exception.reason} (${exception.source})` };
}
