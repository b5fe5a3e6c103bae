import { once } from 'node:events';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { z } from 'zod';
import { CliError } from '../cli-error.js';
import { connectionError, readAnswer, trusting } from '../service/http.js';
import { refusalOf } from '../service/refusal.js';
import { IssuedFields } from './issued-check.js';

export interface BatchTarget {
  /** `https://host:port`. */
  readonly url: string;
  /** PEM of the only trust anchor. */
  readonly ca: string;
  readonly token: string;
  readonly batchId: string;
}

/** A line of the service's answer. */
export type StreamAnswer = z.infer<typeof StreamAnswer>;
const StreamAnswer = z.union([
  IssuedFields.extend({ deviceSerial: z.string() }),
  z.object({ deviceSerial: z.string().nullable(), error: z.object({ code: z.string(), detail: z.string() }) }),
  z.object({ done: z.literal(true) }),
]);

const LARGEST_LINE = 1024 * 1024;
const LARGEST_REFUSAL = 65_536;

/** One connection of a batch: lines go in, answers come out while they do. */
export class BatchConnection {
  private readonly request: ClientRequest;
  private readonly response: IncomingMessage;
  private readonly url: string;
  private readonly closed: Promise<unknown>;

  private constructor(request: ClientRequest, response: IncomingMessage, url: string) {
    this.request = request;
    this.response = response;
    this.url = url;
    this.closed = new Promise((resolve) => request.once('close', resolve));
  }

  /** Open once the service has said that it listens. Throws UNREACHABLE, TLS_UNTRUSTED and what `refusalOf` makes of its answer. */
  static async open({ url, ca, token, batchId }: BatchTarget): Promise<BatchConnection> {
    const request = httpsRequest(`${url}/v1/batches/${encodeURIComponent(batchId)}/requests`, {
      method: 'POST',
      ...trusting(ca),
      agent: false,
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/x-ndjson' },
    });
    request.flushHeaders();
    const response = await responseTo(request, url);
    if (response.statusCode === 200) return new BatchConnection(request, response, url);
    try {
      throw refusalOf(await readAnswer(response, LARGEST_REFUSAL), url);
    } catch (cause) {
      throw cause instanceof CliError ? cause : connectionError(url, cause);
    } finally {
      request.destroy();
    }
  }

  /** Resolves when more may be sent; false where the connection is gone. */
  async send(text: string): Promise<boolean> {
    if (this.request.destroyed) return false;
    if (!this.request.write(text)) await this.orClosed(once(this.request, 'drain'));
    return !this.request.destroyed;
  }

  /** Waits for something, but not beyond the end of the connection. */
  async orClosed(event: Promise<unknown>): Promise<void> {
    await Promise.race([event.catch(() => undefined), this.closed]);
  }

  get isGone(): boolean {
    return this.request.destroyed;
  }

  endSending(): void {
    this.request.end();
  }

  destroy(): void {
    this.request.destroy();
  }

  /** Answers, as many at a time as came together. Ends with the connection, whatever ended it. Throws ANSWER_MALFORMED. */
  async *answers(): AsyncGenerator<readonly StreamAnswer[]> {
    this.response.setEncoding('utf8');
    let text = '';
    try {
      for await (const chunk of this.response) {
        const lines = (text + String(chunk)).split('\n');
        text = lines.pop() ?? '';
        if (text.length > LARGEST_LINE) throw this.malformed();
        if (lines.length > 0) yield lines.map((line) => this.parse(line));
      }
    } catch (error) {
      if (error instanceof CliError) throw error;
      // the connection broke: half a line was never received
    } finally {
      this.request.destroy();
    }
  }

  private parse(line: string): StreamAnswer {
    try {
      return StreamAnswer.parse(JSON.parse(line));
    } catch {
      throw this.malformed();
    }
  }

  malformed(): CliError {
    const hint = 'Is this address the REST API of Touchmark, in the version of this command?';
    return new CliError('ANSWER_MALFORMED', `${this.url} answered something else than lines of this batch`, { hint });
  }
}

function responseTo(request: ClientRequest, url: string): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  request.once('response', resolve);
  // later ones end the answers
  request.on('error', (cause) => reject(connectionError(url, cause)));
  request.once('close', () => reject(connectionError(url, new Error('the connection was closed'))));
  return promise;
}
