import { toHex } from '@touchmark/der';
import { hostileVariant, seededRandom } from '@touchmark/testkit';

import { makeCorpus, type Sample } from './corpus.js';
import { examine, Finding } from './examine.js';
import { type Reader, READERS } from './readers.js';

/** A case that failed, with all that is needed to see it again. */
export interface Failure {
  readonly seed: number;
  readonly case: number;
  readonly reader: string;
  readonly sample: string;
  readonly why: string;
  readonly hex: string;
}

export interface Tally {
  cases: number;
  accepted: number;
}

/** Cases by number: `case` chooses the reader, one of the samples that it takes, and the damage. */
export class Campaign {
  /** What each reader takes, unharmed. */
  readonly pairs: readonly { readonly reader: Reader; readonly sample: Sample }[];
  private readonly others: readonly Uint8Array[];

  private constructor(corpus: readonly Sample[]) {
    this.pairs = READERS.flatMap((reader) =>
      corpus.filter(({ bytes }) => takes(reader, bytes)).map((sample) => ({ reader, sample })),
    );
    this.others = corpus.map(({ bytes }) => bytes);
  }

  static async load(): Promise<Campaign> {
    return new Campaign(await makeCorpus());
  }

  /** Runs one case; undefined if all is well. */
  run(seed: number, index: number, tally?: Tally): Failure | undefined {
    const { reader, sample, bytes } = this.input(seed, index);
    try {
      const accepted = examine(reader, bytes);
      if (tally !== undefined) {
        tally.cases += 1;
        tally.accepted += accepted ? 1 : 0;
      }
      return undefined;
    } catch (error) {
      if (!(error instanceof Finding)) throw error;
      const { name } = reader;
      return { seed, case: index, reader: name, sample: sample.name, why: error.message, hex: toHex(bytes) };
    }
  }

  private input(seed: number, index: number): { reader: Reader; sample: Sample; bytes: Uint8Array } {
    const pair = this.pairs[Math.floor(seededRandom(seed ^ index)() * this.pairs.length)];
    if (pair === undefined) throw new TypeError('an empty corpus');
    return { ...pair, bytes: hostileVariant(pair.sample.bytes, seed, index, this.others) };
  }
}

function takes(reader: Reader, bytes: Uint8Array): boolean {
  try {
    reader.read(bytes);
    return true;
  } catch (error) {
    if (reader.refuses(error)) return false;
    throw error;
  }
}
