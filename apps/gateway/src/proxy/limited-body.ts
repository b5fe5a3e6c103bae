import { Transform, type TransformCallback } from 'node:stream';

/** Passes a body on until it is longer than it may be; then it says so, and passes nothing more. */
export class LimitedBody extends Transform {
  private readonly onExceeded: () => void;
  private left: number;

  constructor(octets: number, onExceeded: () => void) {
    super();
    this.left = octets;
    this.onExceeded = onExceeded;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    if (this.left < 0) {
      done();
      return;
    }
    this.left -= chunk.length;
    if (this.left >= 0) {
      done(null, chunk);
      return;
    }
    this.onExceeded();
    done();
  }
}
