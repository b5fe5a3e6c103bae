/** What a suite says of a case, and what we answer. */
export type Answer = 'SUCCESS' | 'FAILURE';

/** What became of one case. `code` is the code of our refusal, or what the runner's own comparison of names found. */
export type Outcome =
  | { readonly answer: 'SUCCESS' }
  | { readonly answer: 'FAILURE'; readonly code: string; readonly detail?: string }
  /** The case needs what the verifier does not have; `why` names it. */
  | { readonly answer: 'UNSUPPORTED'; readonly why: string };

/** One case of any suite. The verifier is handed what `judge` hands it, never the id. */
export interface ConformanceCase {
  readonly id: string;
  readonly expected: Answer;
  judge(): Outcome;
}

/** A suite by its name in `exceptions.json` and in the closing line. */
export interface ConformanceSuite {
  readonly name: 'limbo' | 'pkits' | 'own';
  readonly cases: readonly ConformanceCase[];
}
