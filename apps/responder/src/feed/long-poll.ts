import type { ServerResponse } from 'node:http';
import type { JournalPosition } from '@touchmark/ca-port';
import { answerProblem } from './answer-problem.js';
import { type FeedClient, type FeedClientParts, PACE } from './feed-client.js';
import type { FeedRefusedError } from './feed-refused-error.js';
import type { FeedHub } from './feed-hub.js';
import type { FeedMessage } from './feed-message.js';
import { PacedWriter } from './paced-writer.js';

/** How long an answer waits for news, milliseconds. */
const WAIT = 10_000;

const OPEN = Buffer.from('{"signers":[');
const BETWEEN = Buffer.from('],"messages":[');
const CLOSE = Buffer.from(']}\n');
const COMMA = Buffer.from(',');
const QUOTE = Buffer.from('"');

/** A gateway that asks again and again, where a stream does not get through to it: one JSON document with what is new. */
export class LongPoll implements FeedClient {
  private readonly hub: FeedHub;
  private readonly response: ServerResponse;
  private readonly requestId: string;
  private readonly position: JournalPosition | undefined;
  private readonly writer: PacedWriter;
  private readonly waiting: NodeJS.Timeout;
  private answered = false;

  constructor({ hub, response, requestId, position, onSlow }: Omit<FeedClientParts, 'gateway'>) {
    this.hub = hub;
    this.response = response;
    this.requestId = requestId;
    this.position = position;
    this.writer = new PacedWriter(response, { ...PACE, onSlow });
    this.waiting = setTimeout(() => this.answer(), WAIT);
    response.once('close', () => clearTimeout(this.waiting));
    this.beginAgain();
  }

  beginAgain(): void {
    if (this.messages().some(({ type }) => type !== 'head')) this.answer();
  }

  take({ type }: FeedMessage): void {
    if (type === 'batch') this.answer();
  }

  refuse(error: FeedRefusedError): void {
    if (this.answered) {
      this.writer.stop();
      return;
    }
    this.answered = true;
    answerProblem(this.response, this.requestId, error);
  }

  tick(): void {
    this.writer.tick();
  }

  private messages(): readonly FeedMessage[] {
    return this.hub.window?.since(this.position) ?? [];
  }

  private answer(): void {
    if (this.answered) return;
    this.answered = true;
    const messages = this.messages();
    const keyIds = new Set(messages.map(({ keyId }) => keyId));
    const signers = [...keyIds].flatMap((keyId) => this.hub.signer(keyId)?.json ?? []);
    const pieces = [
      OPEN,
      ...signers.flatMap((json, i) => (i === 0 ? [json] : [COMMA, json])),
      BETWEEN,
      ...messages.flatMap(({ base64 }, i) => (i === 0 ? [QUOTE, base64, QUOTE] : [COMMA, QUOTE, base64, QUOTE])),
      CLOSE,
    ];
    this.response.writeHead(200, {
      'Content-Type': 'application/json',
      'Content-Length': pieces.reduce((sum, piece) => sum + piece.length, 0),
      'Cache-Control': 'no-store',
    });
    this.writer.begin(pieces);
    this.writer.end();
  }
}
