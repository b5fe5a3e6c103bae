/** Why the embedded PostgreSQL could not be started, found or stopped. */
export type EmbeddedPostgresErrorCode =
  | 'UNSUPPORTED_PLATFORM' // no binaries exist for this operating system and processor
  | 'BINARIES_MISSING' // the optional package with the binaries is not installed
  | 'BINARIES_UNUSABLE' // they are there, but do not run as the database's user
  | 'NO_DATABASE_USER' // we are root, PostgreSQL refuses root, and no other user can be used
  | 'FOLDER_UNREACHABLE' // the database's user cannot enter the database's folder
  | 'FOLDER_OF_ANOTHER_USER' // the database was made by a user whom we cannot act for
  | 'PASSWORD_MISSING' // there is a database, but the file with its password is gone
  | 'PASSWORD_REFUSED' // the password in the file is not the database's
  | 'INIT_FAILED'
  | 'START_FAILED'
  | 'STOP_TIMED_OUT';

export interface EmbeddedPostgresErrorContext {
  path?: string;
  user?: string;
  /** The last lines that PostgreSQL wrote. */
  output?: string;
}

export class EmbeddedPostgresError extends Error {
  readonly code: EmbeddedPostgresErrorCode;
  readonly context: EmbeddedPostgresErrorContext;

  constructor(
    code: EmbeddedPostgresErrorCode,
    message: string,
    context: EmbeddedPostgresErrorContext = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'EmbeddedPostgresError';
    this.code = code;
    this.context = context;
  }
}
