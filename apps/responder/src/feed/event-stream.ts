import type { JournalPosition } from '@touchmark/ca-port';
import { type FeedClient, type FeedClientParts, PACE } from './feed-client.js';
import type { FeedHub } from './feed-hub.js';
import type { FeedMessage } from './feed-message.js';
import { PacedWriter } from './paced-writer.js';

const HEADERS = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-store',
  // who comes again shows its certificate again
  Connection: 'close',
};

/** A gateway that follows by server-sent events (WHATWG HTML section 9.2). */
export class EventStream implements FeedClient {
  private readonly hub: FeedHub;
  private readonly writer: PacedWriter;
  private position: JournalPosition | undefined;
  /** Status keys whose certificates it was sent. */
  private readonly knownKeys = new Set<string>();

  constructor({ hub, response, position, onSlow }: Omit<FeedClientParts, 'gateway' | 'requestId'>) {
    this.hub = hub;
    this.position = position;
    response.writeHead(200, HEADERS);
    response.flushHeaders();
    this.writer = new PacedWriter(response, { ...PACE, onSlow });
    this.beginAgain();
  }

  beginAgain(): void {
    const messages = this.hub.window?.since(this.position) ?? [];
    this.writer.begin(messages.flatMap((message) => [...this.signerFirst(message), message.event]));
    for (const message of messages) this.reached(message);
  }

  take(message: FeedMessage): void {
    for (const event of this.signerFirst(message)) this.writer.add(event);
    this.writer.add(message.event, { superseded: message.type === 'head' });
    this.reached(message);
  }

  refuse(): void {
    this.writer.stop();
  }

  tick(): void {
    this.writer.tick();
  }

  private reached({ epoch, sequence }: FeedMessage): void {
    this.position = { epoch, sequence };
  }

  private signerFirst({ keyId }: FeedMessage): Buffer[] {
    if (this.knownKeys.has(keyId)) return [];
    this.knownKeys.add(keyId);
    const signer = this.hub.signer(keyId);
    return signer ? [signer.event] : [];
  }
}
