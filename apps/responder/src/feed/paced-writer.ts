import type { ServerResponse } from 'node:http';

export interface PacedWriterOptions {
  /** Octets of news that may wait for the client beyond what it began with; one more piece, and it is cut. */
  readonly maxWaiting: number;
  /** Calls of `tick` that may pass while the client takes nothing. */
  readonly patience: number;
  /** The client does not keep up. Called once; the connection is gone already. */
  readonly onSlow: () => void;
}

interface Piece {
  readonly octets: Buffer;
  /** Whether it counts as waiting; what a client begins with does not. */
  readonly counted: boolean;
  /** A later piece of this kind makes it needless. */
  readonly superseded: boolean;
}

/** Octets handed to the socket at a time: what it does not take at once lies encrypted in memory, for each client anew. */
const SLICE = 65_536;

/**
 * Writes pieces that many clients share at the pace of one of them. What waits here are references; a client that lets too
 * much pile up, or takes nothing for too long, is cut, and its memory with it.
 */
export class PacedWriter {
  private readonly response: ServerResponse;
  private readonly options: PacedWriterOptions;
  private waiting: Piece[] = [];
  private waitingOctets = 0;
  /** Octets of the first piece that were written. */
  private written = 0;
  private blockedFor: number | undefined;
  private ending = false;

  constructor(response: ServerResponse, options: PacedWriterOptions) {
    this.response = response;
    this.options = options;
  }

  /** What the client begins with, however much it is. */
  begin(pieces: readonly Buffer[]): void {
    for (const octets of pieces) this.waiting.push({ octets, counted: false, superseded: false });
    this.pump();
  }

  /** What came since. One that is `superseded` by the next of its kind goes out only if it is not by then. */
  add(octets: Buffer, { superseded = false } = {}): void {
    if (this.response.destroyed) return;
    if (this.blockedFor !== undefined && this.waitingOctets > this.options.maxWaiting) {
      this.cut();
      return;
    }
    if (superseded) this.drop();
    this.waiting.push({ octets, counted: true, superseded });
    this.waitingOctets += octets.length;
    this.pump();
  }

  /** Ends the answer once everything was written. */
  end(): void {
    this.ending = true;
    this.pump();
  }

  /** Ends it now: what waits is not sent. */
  stop(): void {
    this.waiting = [];
    if (this.blockedFor === undefined) this.response.end();
    else this.response.destroy();
  }

  /** To be called at a steady pace. */
  tick(): void {
    if (this.blockedFor === undefined) return;
    this.blockedFor += 1;
    if (this.blockedFor > this.options.patience) this.cut();
  }

  private drop(): void {
    // the first piece may be half written
    const kept = this.waiting.filter(({ superseded }, i) => !superseded || (i === 0 && this.written > 0));
    if (kept.length === this.waiting.length) return;
    this.waiting = kept;
    this.waitingOctets = kept.reduce((sum, { octets, counted }) => sum + (counted ? octets.length : 0), 0);
  }

  private pump(): void {
    if (this.blockedFor !== undefined || this.response.destroyed) return;
    this.response.cork();
    let taken = 0;
    for (let piece = this.waiting[0]; piece; piece = this.waiting[taken]) {
      const slice = piece.octets.subarray(this.written, this.written + SLICE);
      this.written += slice.length;
      if (this.written === piece.octets.length) {
        taken += 1;
        this.written = 0;
        if (piece.counted) this.waitingOctets -= piece.octets.length;
      }
      if (!this.response.write(slice)) {
        this.blockedFor = 0;
        this.response.once('drain', this.drained);
        break;
      }
    }
    if (taken > 0) this.waiting = this.waiting.slice(taken);
    // before the end: node:http would write the last chunk ahead of what is corked
    this.response.uncork();
    if (this.ending && this.waiting.length === 0) this.response.end();
  }

  private readonly drained = (): void => {
    this.blockedFor = undefined;
    this.pump();
  };

  private cut(): void {
    if (this.response.destroyed) return;
    this.waiting = [];
    this.response.destroy();
    this.options.onSlow();
  }
}
