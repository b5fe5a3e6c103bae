import { QueryFailedError } from 'typeorm';

export type StoreErrorCode =
  /** The database cannot be reached or is shutting down: the caller may retry later. */
  | 'STORE_UNAVAILABLE'
  /** Two transactions needed each other's rows, or one waited too long: the caller may retry at once. */
  | 'STORE_CONFLICT'
  /** A row with that key exists already; `constraint` says which rule. */
  | 'STORE_DUPLICATE'
  /** A row that is referred to does not exist; `constraint` says which rule. */
  | 'STORE_REFERENCE'
  /** The owner's role may not make roles, or is not the owner. */
  | 'STORE_ROLES_FORBIDDEN'
  /** A role that bears the name of one of ours has rights of its own. */
  | 'STORE_ROLE_UNSAFE'
  /** A role that bears the name of one of ours works in another database of the cluster. */
  | 'STORE_ROLE_TAKEN'
  | 'STORE_FAILED';

const sentences: Readonly<Record<StoreErrorCode, string>> = {
  STORE_UNAVAILABLE: 'the database cannot be reached, or is not there for us now',
  STORE_CONFLICT: 'somebody else holds what is needed in the database',
  STORE_DUPLICATE: 'the database has that already',
  STORE_REFERENCE: 'the database does not have what is referred to',
  STORE_ROLES_FORBIDDEN: 'the role in the URL of the database must own the database and have CREATEROLE',
  STORE_ROLE_UNSAFE: 'the database is to be reached as the role of the process, not as one that may more',
  STORE_ROLE_TAKEN: 'another installation in this cluster has roles of these names',
  STORE_FAILED: 'the database refused',
};

export class StoreError extends Error {
  readonly code: StoreErrorCode;
  readonly constraint: string | undefined;
  readonly context: { readonly constraint?: string };

  constructor(code: StoreErrorCode, cause: unknown, constraint?: string) {
    super(`${sentences[code]} (${code})`, { cause });
    this.name = 'StoreError';
    this.code = code;
    this.constraint = constraint;
    this.context = constraint === undefined ? {} : { constraint };
  }
}

// 25006: a standby, or a primary that became one; 57014: cancelled by an administrator or a time limit
const unavailableSqlStates = new Set([
  // a password that is not the role's any more
  '28P01',
  '25006',
  '57014',
  '57P01',
  '57P02',
  '57P03',
  '53100',
  '53200',
  '53300',
  '53400',
  '58000',
  '58030',
]);
const unavailableErrnos = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
]);
const conflictSqlStates = new Set(['40001', '40P01', '55P03']);

/**
 * Turns what the driver threw into a StoreError. The driver's own error stays as cause, TypeORM's does not: it carries the
 * parameters of the statement, which may be secrets.
 */
export function toStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const cause: unknown = error instanceof QueryFailedError ? error.driverError : error;
  const { code, constraint } = fieldsOf(cause);
  if (code !== undefined) {
    if (code === '23505') return new StoreError('STORE_DUPLICATE', cause, constraint);
    if (code === '23503') return new StoreError('STORE_REFERENCE', cause, constraint);
    if (conflictSqlStates.has(code) || isMissingPartition(code, constraint))
      return new StoreError('STORE_CONFLICT', cause);
    if (unavailableSqlStates.has(code) || unavailableErrnos.has(code) || code.startsWith('08'))
      return new StoreError('STORE_UNAVAILABLE', cause);
  } else if (cause instanceof Error && isConnectionLoss(cause.message)) {
    return new StoreError('STORE_UNAVAILABLE', cause);
  }
  return new StoreError('STORE_FAILED', cause);
}

/**
 * No partition takes the row (a check that has no name): the list was opened while the transaction ran, which goes on with the
 * partitions that it knew. A new transaction knows them all.
 */
function isMissingPartition(code: string, constraint: string | undefined): boolean {
  return code === '23514' && constraint === undefined;
}

// pg reports a connection that broke under a statement by message alone
function isConnectionLoss(message: string): boolean {
  return (
    message.startsWith('Connection terminated') ||
    message.startsWith('Client has encountered a connection error') ||
    message.startsWith('Client was closed') ||
    message.startsWith('timeout exceeded when trying to connect')
  );
}

function fieldsOf(error: unknown): { code?: string; constraint?: string } {
  if (typeof error !== 'object' || error === null) return {};
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const constraint = 'constraint' in error && typeof error.constraint === 'string' ? error.constraint : undefined;
  return { ...(code !== undefined && { code }), ...(constraint !== undefined && { constraint }) };
}
