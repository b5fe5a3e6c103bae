export type JobsErrorCode =
  /** The backend cannot be reached or did not answer in time: add again later. */
  | 'JOBS_UNAVAILABLE'
  /** The PostgreSQL backend's schema is missing or of another version: run the migration. */
  | 'JOBS_NOT_MIGRATED'
  /** A connection of the backend failed in the background; it recovers by itself. */
  | 'JOBS_CONNECTION'
  /** A handler rejected; the job will be retried. */
  | 'JOB_FAILED'
  /** A handler rejected for the last time; the job is kept as failed. */
  | 'JOB_EXHAUSTED'
  | 'JOBS_CLOSED';

export interface JobsErrorContext {
  readonly queue?: string;
  readonly key?: string;
  readonly attempt?: number;
}

export class JobsError extends Error {
  readonly code: JobsErrorCode;
  readonly context: JobsErrorContext;

  constructor(code: JobsErrorCode, context: JobsErrorContext = {}, cause?: unknown) {
    super(code, { cause });
    this.name = 'JobsError';
    this.code = code;
    this.context = context;
  }
}
