import type { PoolClient } from 'pg';
import { DataSource, type QueryRunner } from 'typeorm';
import { HeldLock } from './held-lock.js';
import { Notifications } from './notifications.js';
import { preparedName } from './prepared-name.js';
import { StoreError, toStoreError } from './store-error.js';

/** Anything that runs SQL: the database itself (each statement on its own) or a transaction. */
export interface Queryable {
  query<Row>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
}

/** An open transaction: a unit of work handed from step to step, so that the order of writes can be read. */
export interface Transaction extends Queryable {
  readonly inTransaction: true;
}

export interface DatabaseOptions {
  readonly url: string;
  readonly poolSize: number;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  /** A lost background connection is reported here; statements fail on their own. */
  readonly onBackgroundError?: (error: Error) => void;
}

/**
 * The statements of transactions find their rows by key. Their plans are made once and kept, so they must not read a table whole
 * because it was small when they were made; where there is no index, the planner still does.
 */
const BEGIN = [
  'BEGIN',
  'SET LOCAL synchronous_commit = on',
  "SET LOCAL lock_timeout = '10s'",
  'SET LOCAL plan_cache_mode = force_generic_plan',
  'SET LOCAL enable_seqscan = off',
].join('; ');

/** A pool of connections of one process role. Every failure is a StoreError. */
export class Database implements Queryable {
  private readonly options: DatabaseOptions;
  private readonly dataSource: DataSource;
  private readonly closing: { begun: boolean };

  private constructor(options: DatabaseOptions, dataSource: DataSource, closing: Database['closing']) {
    this.options = options;
    this.dataSource = dataSource;
    this.closing = closing;
  }

  static async open(options: DatabaseOptions): Promise<Database> {
    const closing = { begun: false };
    const dataSource = new DataSource({
      type: 'postgres',
      url: options.url,
      applicationName: options.applicationName,
      poolSize: options.poolSize,
      connectTimeoutMS: 5_000,
      installExtensions: false,
      logging: false,
      // An idle connection that the server closed: the next statement takes another one. While we close, the pool does not wait
      // for the goodbyes that it has sent, so the server may be faster: no loss.
      poolErrorHandler: (error: Error) => closing.begun || options.onBackgroundError?.(error),
    });
    try {
      await dataSource.initialize();
    } catch (error) {
      throw toStoreError(error);
    }
    return new Database(options, dataSource, closing);
  }

  async query<Row>(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> {
    let runner: QueryRunner | undefined;
    try {
      runner = this.dataSource.createQueryRunner();
      return await run<Row>(runner, sql, parameters);
    } catch (error) {
      throw toStoreError(error);
    } finally {
      await runner?.release();
    }
  }

  /**
   * Runs `work` in one transaction with synchronous commit. Rolled back when it throws; a failed COMMIT leaves the outcome
   * unknown (STORE_UNAVAILABLE) and the caller must be able to repeat it.
   */
  async transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const runner = this.dataSource.createQueryRunner();
    try {
      const client = await clientOf(runner);
      await client.query(BEGIN);
      let failed: unknown;
      const result = await work({
        inTransaction: true,
        async query<Row>(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> {
          try {
            return await runPrepared<Row>(client, sql, parameters);
          } catch (error) {
            failed = error;
            throw error;
          }
        },
      });
      // PostgreSQL answers COMMIT of a failed transaction with ROLLBACK and no error: who swallowed the failure must not pass it on
      if (failed !== undefined) throw failed;
      await client.query('COMMIT');
      return result;
    } catch (error) {
      await runner.query('ROLLBACK').catch(() => undefined);
      throw isDatabaseError(error) ? toStoreError(error) : error;
    } finally {
      await runner.release();
    }
  }

  /** Calls `onNotify` for each NOTIFY on `channel`, and after every (re)connection. Reconnects by itself until closed. */
  async listen(channel: string, onNotify: (payload: string | undefined) => void): Promise<{ close(): Promise<void> }> {
    const { url, applicationName, onBackgroundError } = this.options;
    const notifications = new Notifications({
      url,
      applicationName,
      channel,
      onNotify,
      onError: (error) => onBackgroundError?.(error),
    });
    await notifications.open();
    return notifications;
  }

  /** Takes a lock on a connection of its own and keeps it, through losses of the connection, until it is released. */
  async hold(statement: string): Promise<{ release(): Promise<void> }> {
    const { url, applicationName, onBackgroundError } = this.options;
    return HeldLock.take({ url, applicationName, statement, onError: (error) => onBackgroundError?.(error) });
  }

  async close(): Promise<void> {
    this.closing.begun = true;
    await this.dataSource.destroy();
  }
}

/** Repeats work that lost a race with another transaction. The work must begin anew each time: nothing of it was kept. */
export async function retryConflicts<T>(work: () => Promise<T>, attempts = 5): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const conflict =
        error instanceof StoreError && (error.code === 'STORE_CONFLICT' || error.code === 'STORE_DUPLICATE');
      if (!conflict || attempt === attempts) throw error;
    }
  }
}

async function run<Row>(runner: QueryRunner, sql: string, parameters: readonly unknown[]): Promise<Row[]> {
  // what a statement answers is known where it is written; the driver cannot know
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const { records } = (await runner.query(sql, [...parameters], true)) as { records: Row[] };
  return records;
}

async function clientOf(runner: QueryRunner): Promise<PoolClient> {
  // TypeORM hands out what pg's pool gave it, but does not say so
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return (await runner.connect()) as PoolClient;
}

/**
 * The statements of a transaction are few and come again and again, and planning one over a partitioned table costs several times
 * what running it does: each connection prepares a statement once and keeps its plan.
 */
async function runPrepared<Row>(client: PoolClient, sql: string, parameters: readonly unknown[]): Promise<Row[]> {
  const name = parameters.length === 0 ? undefined : preparedName(sql);
  const statement = { ...(name !== undefined && { name }), text: sql, values: [...parameters] };
  const { rows }: { rows: unknown[] } = await client.query(statement);
  // what a statement answers is known where it is written
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return rows as Row[];
}

// errors that the work itself threw (refusals, bugs) pass through untouched
function isDatabaseError(error: unknown): boolean {
  return (
    error instanceof StoreError ||
    (error instanceof Error &&
      (error.name === 'QueryFailedError' || 'severity' in error || toStoreError(error).code === 'STORE_UNAVAILABLE'))
  );
}
