/** What a script learns without reading: docs/cli.md has the same table. */
export const ExitCode = {
  done: 0,
  /** The service understood, and said no. */
  refused: 1,
  /** The command line, a file that it names or the configuration cannot be used. */
  usage: 2,
  /** The service cannot be reached, is not who it should be, does not know us, or cannot answer now. */
  unreachable: 3,
  /** `verify` does not accept the certificate. */
  notAccepted: 4,
  /** The batch is through, but some of its lines were refused. */
  partial: 5,
  /** A fault of this program. */
  internal: 70,
  /** Ended by Ctrl-C; what was done stays done. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
