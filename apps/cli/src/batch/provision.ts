import { setTimeout as delay } from 'node:timers/promises';
import { CliError } from '../cli-error.js';
import { BatchConnection, type BatchTarget } from './connection.js';
import type { BatchRequest } from './input.js';
import type { IssuedCheck } from './issued-check.js';
import type { Progress } from './progress.js';
import type { BatchResult, ResultsFile } from './results-file.js';
import type { Tally } from './tally.js';
import { Window } from './window.js';

/** Lines under way: what the service takes in hand, and as many on the wire. */
const WINDOW = 2048;
const LONGEST_PAUSE = 30_000;

export interface ProvisionOptions {
  readonly target: BatchTarget;
  /** Those without a result. */
  readonly requests: AsyncGenerator<BatchRequest>;
  readonly check: IssuedCheck;
  readonly results: ResultsFile;
  readonly tally: Tally;
  readonly progress: Progress;
  /** Connections in a row that may fail without an answer, once there was one. */
  readonly retries: number;
  readonly interrupted: AbortSignal;
  readonly onRetry: (error: CliError, seconds: number) => void;
}

/**
 * Sends requests and keeps their results, in order. A broken connection is opened again and what was not answered is sent again: the
 * service gives the same certificates. After an interruption nothing more is sent, and what was sent is waited for.
 */
export class Provision {
  private readonly options: ProvisionOptions;
  private readonly window: Window;
  private exhausted = false;
  private everConnected = false;

  constructor(options: ProvisionOptions) {
    this.options = options;
    this.window = new Window(WINDOW, options.check, (result) => this.keep(result));
  }

  /** Resolves when every line has a result, or the interruption is done. Throws BATCH_INCOMPLETE when the service stays away, CERTIFICATE_NOT_TRUSTED. */
  async run(): Promise<'complete' | 'interrupted'> {
    const { results, tally, retries, interrupted, onRetry } = this.options;
    for (let failures = 0; await this.hasMore();) {
      const before = tally.answered;
      const failure = await this.connection();
      await results.flush();
      if (!failure) continue;
      failures = tally.answered > before ? 0 : failures + 1;
      if (!this.everConnected) throw failure;
      if (interrupted.aborted) break;
      if (failures > retries) throw incomplete(failure);
      const pause = Math.min(LONGEST_PAUSE, 500 * 2 ** failures);
      onRetry(failure, pause / 1000);
      await delay(pause, undefined, { signal: interrupted }).catch(() => undefined);
    }
    await results.flush();
    return this.exhausted && this.window.isEmpty ? 'complete' : 'interrupted';
  }

  /** Whether anything is left to send: lines that are refused here need no connection. */
  private async hasMore(): Promise<boolean> {
    while (this.window.isEmpty && !this.stopped) await this.takeNext();
    this.options.progress.update();
    return !this.window.isEmpty;
  }

  private get stopped(): boolean {
    return this.exhausted || this.options.interrupted.aborted;
  }

  /** Takes the next line; its text, where it is to be sent. */
  private async takeNext(): Promise<string | undefined> {
    const next = await this.options.requests.next();
    if (next.done !== true) return this.window.take(next.value);
    this.exhausted = true;
    return undefined;
  }

  /** One connection, to its end. Undefined when the service answered everything that was sent. */
  private async connection(): Promise<CliError | undefined> {
    try {
      const connection = await BatchConnection.open(this.options.target);
      this.everConnected = true;
      const sending = this.send(connection);
      // a file that turns out to be unreadable ends the connection
      sending.catch(() => connection.destroy());
      try {
        const done = await this.receive(connection);
        return done && this.window.isEmpty ? undefined : lost(this.options.target.url);
      } finally {
        connection.destroy();
        await sending;
      }
    } catch (error) {
      if (error instanceof CliError && ['UNREACHABLE', 'SERVICE_UNAVAILABLE'].includes(error.code)) return error;
      throw error;
    }
  }

  private async send(connection: BatchConnection): Promise<void> {
    for (const text of this.window.texts) if (!(await connection.send(text))) return;
    const { interrupted } = this.options;
    const aborted = new Promise((resolve) => interrupted.addEventListener('abort', resolve, { once: true }));
    while (!this.stopped) {
      const full = this.window.full();
      if (full) {
        await connection.orClosed(Promise.race([full, aborted]));
        if (connection.isGone) return;
        continue;
      }
      const text = await this.takeNext();
      if (text !== undefined && !(await connection.send(text))) return;
    }
    connection.endSending();
  }

  /** True once the service has said that it is through. */
  private async receive(connection: BatchConnection): Promise<boolean> {
    const { results, progress } = this.options;
    let done = false;
    for await (const answers of connection.answers()) {
      for (const answer of answers) {
        if ('done' in answer) done = true;
        else if (!this.window.answer(answer.deviceSerial, answer)) throw connection.malformed();
      }
      await results.flush();
      progress.update();
    }
    return done;
  }

  private keep(result: BatchResult): void {
    this.options.results.append(result);
    this.options.tally.add(result);
  }
}

const lost = (url: string): CliError => new CliError('UNREACHABLE', `${url}: the connection was lost`);

function incomplete(cause: CliError): CliError {
  const hint = 'Run the same command again: it goes on where this run stopped.';
  return new CliError('BATCH_INCOMPLETE', `the batch is not through: ${cause.message}`, { hint }, cause);
}
