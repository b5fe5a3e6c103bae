import type { BatchResult } from './results-file.js';

/** Counts of a batch, over all of its runs. */
export class Tally {
  issued = 0;
  refused = 0;
  /** Of those, what earlier runs did. */
  earlier = 0;
  /** By code, with the first detail that was met. */
  readonly refusals = new Map<string, { count: number; example: string }>();

  get answered(): number {
    return this.issued + this.refused;
  }

  get now(): number {
    return this.answered - this.earlier;
  }

  resumed(result: BatchResult): void {
    this.earlier += 1;
    this.add(result);
  }

  add(result: BatchResult): void {
    if (!('error' in result)) {
      this.issued += 1;
      return;
    }
    this.refused += 1;
    const { code, detail } = result.error;
    const known = this.refusals.get(code);
    if (known) known.count += 1;
    else
      this.refusals.set(code, {
        count: 1,
        example: `line ${result.line} (${result.deviceSerial ?? 'no serial'}): ${detail}`,
      });
  }
}
