import { EnrollmentError } from '../enrollment-error.js';

/** A line of the stream with its place, counted from 1. Its line feed is gone. */
export interface NumberedLine {
  readonly line: number;
  readonly text: Uint8Array;
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Cuts octets into lines as they arrive, and holds at most one unfinished line. Empty lines count, and are passed over. */
export class LineSplitter {
  /** Number of the line that has begun, or is about to. */
  line = 1;
  private readonly limit: number;
  private parts: Uint8Array[] = [];
  private held = 0;

  /** @param limit octets of the longest line */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** The lines that end in these octets. Throws LINE_TOO_LONG. */
  *push(octets: Uint8Array): Generator<NumberedLine> {
    let start = 0;
    for (let end = octets.indexOf(LINE_FEED); end >= 0; end = octets.indexOf(LINE_FEED, start)) {
      this.hold(octets.subarray(start, end));
      start = end + 1;
      yield* this.take();
    }
    this.hold(octets.subarray(start));
  }

  /** What the stream ended with, where it did not end with a line feed. */
  *end(): Generator<NumberedLine> {
    if (this.held > 0) yield* this.take();
  }

  private hold(part: Uint8Array): void {
    this.held += part.length;
    // one more for a carriage return
    if (this.held > this.limit + 1) {
      const message = `line ${this.line} is longer than ${this.limit} octets`;
      throw new EnrollmentError('LINE_TOO_LONG', { limit: this.limit }, message);
    }
    if (part.length > 0) this.parts.push(part);
  }

  private *take(): Generator<NumberedLine> {
    const [only] = this.parts;
    const whole = this.parts.length === 1 && only ? only : Buffer.concat(this.parts);
    const text = whole.at(-1) === CARRIAGE_RETURN ? whole.subarray(0, -1) : whole;
    const line = this.line++;
    this.parts = [];
    this.held = 0;
    if (text.length > 0) yield { line, text };
  }
}
