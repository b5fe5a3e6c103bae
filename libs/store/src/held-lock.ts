import { Client } from 'pg';
import { toStoreError } from './store-error.js';

export interface HeldLockOptions {
  readonly url: string;
  readonly applicationName: string;
  /** LOCK TABLE … */
  readonly statement: string;
  readonly onError: (error: Error) => void;
}

const RETRY_MILLISECONDS = 500;

/**
 * A lock held by a transaction that does nothing else, on a connection of its own: it reads nothing, so vacuum does not wait for it.
 * Taken again whenever the connection is lost, until it is released.
 */
export class HeldLock {
  private readonly options: HeldLockOptions;
  private client: Client | undefined;
  private retry: NodeJS.Timeout | undefined;
  private released = false;

  private constructor(options: HeldLockOptions) {
    this.options = options;
  }

  /** Codes of StoreError; STORE_CONFLICT where somebody holds what contradicts it. */
  static async take(options: HeldLockOptions): Promise<HeldLock> {
    const lock = new HeldLock(options);
    try {
      await lock.connect();
    } catch (error) {
      await lock.release();
      throw toStoreError(error);
    }
    return lock;
  }

  async release(): Promise<void> {
    this.released = true;
    clearTimeout(this.retry);
    await this.client?.end().catch(() => undefined);
  }

  private async connect(): Promise<void> {
    const { url, applicationName, statement } = this.options;
    const client = new Client({ connectionString: url, application_name: `${applicationName} lock` });
    this.client = client;
    client.on('error', (error) => this.lost(client, error));
    client.on('end', () => this.lost(client));
    await client.connect();
    await client.query(
      `BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL lock_timeout = '10s'; ${statement}`,
    );
  }

  private lost(client: Client, error?: Error): void {
    if (this.released || this.client !== client) return;
    this.client = undefined;
    if (error) this.options.onError(error);
    this.later();
  }

  private later(): void {
    this.retry = setTimeout(() => {
      this.connect().catch((error: unknown) => {
        const failed = this.client;
        this.client = undefined;
        void failed?.end().catch(() => undefined);
        this.options.onError(toStoreError(error));
        if (!this.released) this.later();
      });
    }, RETRY_MILLISECONDS);
  }
}
