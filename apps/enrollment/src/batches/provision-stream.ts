import { EnrollmentError } from '../enrollment-error.js';
import { LineSplitter, type NumberedLine } from './line-splitter.js';
import type { LineAnswer } from './provision-chunk.js';

/** Where answers go. Resolves when more may be written, rejects when nobody listens any longer. */
export interface AnswerSink {
  write(text: string): Promise<void>;
}

export interface StreamLimits {
  /** Lines read and not yet answered: beyond this the client is not listened to. */
  readonly window: number;
  /** Lines in one call to the CA. */
  readonly chunk: number;
  /** Calls to the CA at a time. */
  readonly concurrency: number;
  /** Octets of a line. */
  readonly lineLimit: number;
}

export const streamLimits: StreamLimits = { window: 512, chunk: 128, concurrency: 4, lineLimit: 16_384 };

/**
 * One connection of a batch: lines in, answers out in the same order, never more than a window of lines in hand. A chunk
 * leaves as soon as it is full, or at once when nothing else is under way, so that a lone line does not wait for company
 * and a busy stream shares its commits.
 */
export class ProvisionStream {
  private readonly provision: (lines: readonly NumberedLine[]) => Promise<LineAnswer[]>;
  private readonly sink: AnswerSink;
  private readonly limits: StreamLimits;
  private readonly waiting: NumberedLine[] = [];
  private readonly underWay = new Set<Promise<unknown>>();
  private readonly failed = Promise.withResolvers<never>();
  private failure: { readonly error: unknown } | undefined;
  private changed = Promise.withResolvers<void>();
  private written: Promise<void> = Promise.resolve();
  private unanswered = 0;
  private halted = false;
  private issued = 0;
  private refused = 0;

  constructor(
    provision: (lines: readonly NumberedLine[]) => Promise<LineAnswer[]>,
    sink: AnswerSink,
    limits: StreamLimits = streamLimits,
  ) {
    this.provision = provision;
    this.sink = sink;
    this.limits = limits;
    // heard by whoever waits for the next octets, and by nobody else
    this.failed.promise.catch(() => undefined);
  }

  /**
   * Resolves after the last line `{"done":true,…}` was written. Rejects, without that line, with what ended the stream: the CA or
   * the database is away, a line is too long, the client has gone. Chunks that were under way have ended by then.
   */
  async run(source: AsyncIterable<Uint8Array>): Promise<{ issued: number; refused: number }> {
    try {
      await this.read(source);
      await this.until(() => this.unanswered === 0);
      const totals = { issued: this.issued, refused: this.refused };
      await this.sink.write(`${JSON.stringify({ done: true, ...totals })}\n`);
      return totals;
    } catch (error) {
      this.fail(error);
      await Promise.allSettled(this.underWay);
      throw error;
    }
  }

  private async read(source: AsyncIterable<Uint8Array>): Promise<void> {
    const splitter = new LineSplitter(this.limits.lineLimit);
    const octets = source[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = octets.next();
        next.catch(() => undefined);
        const { done, value } = await Promise.race([next, this.failed.promise]);
        for (const line of done ? splitter.end() : splitter.push(value)) await this.accept(line);
        this.pump();
        if (done) return;
      }
    } catch (error) {
      if (EnrollmentError.is(error) && error.code === 'LINE_TOO_LONG') await this.refuseRest(splitter.line, error);
      throw error;
    }
  }

  private async accept(line: NumberedLine): Promise<void> {
    await this.until(() => this.unanswered < this.limits.window);
    this.unanswered += 1;
    this.waiting.push(line);
    this.pump();
  }

  /** What came before the line that is too long is answered; what comes after it has no beginning. */
  private async refuseRest(line: number, { code, message }: EnrollmentError): Promise<void> {
    this.pump();
    await this.until(() => this.unanswered === 0);
    const answer: LineAnswer = { line, deviceSerial: null, error: { code, detail: message } };
    await this.sink.write(`${JSON.stringify(answer)}\n`);
  }

  private pump(): void {
    const { chunk, concurrency } = this.limits;
    while (!this.failure && !this.halted && this.waiting.length > 0 && this.underWay.size < concurrency) {
      if (this.waiting.length < chunk && this.underWay.size > 0) return;
      this.dispatch(this.waiting.splice(0, chunk));
    }
  }

  private dispatch(lines: readonly NumberedLine[]): void {
    const answered = this.provision(lines);
    this.underWay.add(answered);
    void this.continueAfter(answered);
    this.written = this.written.then(() => this.writeAnswers(answered)).catch((error: unknown) => this.fail(error));
  }

  private async continueAfter(answered: Promise<unknown>): Promise<void> {
    try {
      await answered;
    } catch {
      // whoever writes the answers hears of it, after those before; until then nothing more is begun
      this.halted = true;
    }
    this.underWay.delete(answered);
    this.pump();
  }

  private async writeAnswers(answered: Promise<LineAnswer[]>): Promise<void> {
    const answers = await answered;
    if (this.failure) return;
    await this.sink.write(answers.map((answer) => `${JSON.stringify(answer)}\n`).join(''));
    const refused = answers.filter((answer) => 'error' in answer).length;
    this.refused += refused;
    this.issued += answers.length - refused;
    this.unanswered -= answers.length;
    this.wake();
  }

  private fail(error: unknown): void {
    if (this.failure) return;
    this.failure = { error };
    this.failed.reject(error);
    this.wake();
  }

  private wake(): void {
    this.changed.resolve();
    this.changed = Promise.withResolvers();
  }

  /** Waits until the condition holds; throws what made the stream fail meanwhile. */
  private async until(condition: () => boolean): Promise<void> {
    for (;;) {
      if (this.failure) throw this.failure.error;
      if (condition()) return;
      await this.changed.promise;
    }
  }
}
