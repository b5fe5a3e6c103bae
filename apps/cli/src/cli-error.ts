import { ExitCode } from './exit-codes.js';

/** What keeps a command from being done, other than the service's own refusals. */
export type CliErrorCode =
  | 'USAGE'
  | 'FILE_UNREADABLE'
  | 'FILE_NOT_WRITABLE'
  | 'FILE_EXISTS'
  | 'FILE_MALFORMED'
  | 'PROFILE_MISSING'
  | 'TOKEN_MISSING'
  | 'NOT_FOUND'
  | 'AMBIGUOUS'
  | 'UNREACHABLE'
  | 'TLS_UNTRUSTED'
  | 'NOT_AUTHENTICATED'
  | 'SERVICE_UNAVAILABLE'
  | 'SERVICE_REFUSED'
  | 'ANSWER_MALFORMED'
  | 'KEY_MISMATCH'
  | 'CERTIFICATE_NOT_TRUSTED'
  | 'STATUS_NOT_TRUSTED'
  | 'BATCH_MISMATCH'
  | 'BATCH_INCOMPLETE'
  | 'PROCESS_MISSING';

const exitCodes: Readonly<Record<CliErrorCode, ExitCode>> = {
  USAGE: ExitCode.usage,
  FILE_UNREADABLE: ExitCode.usage,
  FILE_NOT_WRITABLE: ExitCode.usage,
  FILE_EXISTS: ExitCode.usage,
  FILE_MALFORMED: ExitCode.usage,
  PROFILE_MISSING: ExitCode.usage,
  TOKEN_MISSING: ExitCode.unreachable,
  NOT_FOUND: ExitCode.refused,
  AMBIGUOUS: ExitCode.usage,
  UNREACHABLE: ExitCode.unreachable,
  TLS_UNTRUSTED: ExitCode.unreachable,
  NOT_AUTHENTICATED: ExitCode.unreachable,
  SERVICE_UNAVAILABLE: ExitCode.unreachable,
  SERVICE_REFUSED: ExitCode.refused,
  ANSWER_MALFORMED: ExitCode.unreachable,
  KEY_MISMATCH: ExitCode.usage,
  CERTIFICATE_NOT_TRUSTED: ExitCode.refused,
  STATUS_NOT_TRUSTED: ExitCode.unreachable,
  BATCH_MISMATCH: ExitCode.usage,
  BATCH_INCOMPLETE: ExitCode.unreachable,
  PROCESS_MISSING: ExitCode.usage,
};

/** What the service said when it said no. */
export interface ServiceProblem {
  readonly status: number;
  readonly code: string;
  readonly requestId?: string | undefined;
  readonly errors?: readonly { readonly path: string; readonly message: string }[] | undefined;
}

export interface CliErrorContext {
  /** What to do next, as a sentence. */
  readonly hint?: string;
  readonly service?: ServiceProblem;
}

/** The one error of the command line: a code, a sentence, and what to do next. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: CliErrorCode;
  readonly context: CliErrorContext;

  constructor(code: CliErrorCode, message: string, context: CliErrorContext = {}, cause?: unknown) {
    super(message, { cause });
    this.code = code;
    this.context = context;
  }

  get exitCode(): ExitCode {
    return exitCodes[this.code];
  }
}
