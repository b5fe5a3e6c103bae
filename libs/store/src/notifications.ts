import { Client, escapeIdentifier } from 'pg';

export interface NotificationOptions {
  readonly url: string;
  readonly applicationName: string;
  readonly channel: string;
  /** Called for each NOTIFY, and with undefined after every (re)connection: what was sent in between is lost. */
  readonly onNotify: (payload: string | undefined) => void;
  readonly onError: (error: Error) => void;
}

const RETRY_MILLISECONDS = 500;

/** Listens on one channel over a connection of its own, which it makes again whenever it is lost, until it is closed. */
export class Notifications {
  private readonly options: NotificationOptions;
  private client: Client | undefined;
  private retry: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(options: NotificationOptions) {
    this.options = options;
  }

  /** Resolves after the first attempt; a failed one is repeated in the background. */
  async open(): Promise<void> {
    const { url, applicationName, channel, onNotify } = this.options;
    const client = new Client({ connectionString: url, application_name: `${applicationName} listen` });
    this.client = client;
    client.on('error', (error) => this.lost(client, error));
    client.on('end', () => this.lost(client));
    client.on('notification', ({ payload }) => onNotify(payload));
    try {
      await client.connect();
      await client.query(`LISTEN ${escapeIdentifier(channel)}`);
      onNotify(undefined);
    } catch (error) {
      await client.end().catch(() => undefined);
      this.lost(client, error instanceof Error ? error : undefined);
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.retry);
    await this.client?.end().catch(() => undefined);
  }

  private lost(client: Client, error?: Error): void {
    if (this.closed || this.client !== client) return;
    this.client = undefined;
    if (error) this.options.onError(error);
    this.retry = setTimeout(() => void this.open(), RETRY_MILLISECONDS);
  }
}
