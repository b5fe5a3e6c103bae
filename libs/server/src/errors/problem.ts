import type { CodedError } from './coded-error.js';
import type { FieldError } from './server-error.js';

/** What an app's exhaustive switch says about one of its codes. */
export interface ProblemDescription {
  /** HTTP status code. */
  readonly status: number;
  /** The kind of problem in a few words, the same for every occurrence (RFC 9457 section 3.1.3). */
  readonly title: string;
  /** This occurrence; the error's message where absent. */
  readonly detail?: string;
  readonly errors?: readonly FieldError[];
  /** Seconds, for the Retry-After field; 503 gets a default. */
  readonly retryAfter?: number;
  /** Further header fields that the status asks for (WWW-Authenticate, Accept). */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A problem ready to be rendered. */
export interface Problem extends ProblemDescription {
  readonly code: string;
}

/**
 * The app's registry: what a library's error means over HTTP. Undefined for a class it does not know, which makes
 * the error an internal one. One exhaustive switch per error class lives behind it, in the app.
 */
export type DescribeError = (error: CodedError) => ProblemDescription | undefined;
