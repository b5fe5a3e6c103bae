import { equalBytes } from '@touchmark/der';

/** Octets of batches behind a snapshot from which on a younger snapshot is wanted, and how many more until it is wanted again. */
const GROWN_OCTETS = 2 ** 20;
const ASK_AGAIN_OCTETS = 2 ** 18;
/** Octets of batches that are kept at most: without a younger snapshot, what is kept stays behind what is known. */
const MAX_OCTETS = 16 * 2 ** 20;

interface CachedBatch {
  readonly message: Uint8Array;
  /** Number of its last entry. */
  readonly sequence: number;
  readonly hash: Uint8Array;
}

/** A snapshot and the batches that continue it, without a gap. */
export class CachedMessages {
  private first: { readonly message: Uint8Array; readonly sequence: number } | undefined;
  private batches: CachedBatch[] = [];
  private octets = 0;
  private askAt = GROWN_OCTETS;
  private full = false;

  get snapshot(): Uint8Array | undefined {
    return this.first?.message;
  }

  /** In the order in which they are to be applied. */
  all(): readonly Uint8Array[] {
    const { snapshot } = this;
    return snapshot === undefined ? [] : [snapshot, ...this.batches.map(({ message }) => message)];
  }

  start(message: Uint8Array, sequence: number): void {
    this.first = { message, sequence };
    this.batches = [];
    this.octets = 0;
    this.askAt = GROWN_OCTETS;
    this.full = false;
  }

  /** Whether there was room for it. After one that is left out, all are, until a snapshot makes room. */
  append(message: Uint8Array, sequence: number, hash: Uint8Array): boolean {
    this.full ||= this.octets + message.length > MAX_OCTETS;
    if (this.full) return false;
    this.octets += message.length;
    this.batches.push({ message, sequence, hash });
    return true;
  }

  /** True once for each size at which a younger snapshot is wanted. */
  hasGrown(): boolean {
    if (this.octets < this.askAt) return false;
    this.askAt = this.octets + ASK_AGAIN_OCTETS;
    return true;
  }

  /** Whether a younger snapshot is wanted. */
  get isLong(): boolean {
    return this.octets >= GROWN_OCTETS;
  }

  /** The same, beginning with a snapshot that ends where one of the batches does, if it does. That it says the same is to be shown. */
  from(snapshot: Uint8Array, sequence: number, hash: Uint8Array): CachedMessages | undefined {
    const at = this.batches.findIndex((batch) => batch.sequence === sequence && equalBytes(batch.hash, hash));
    if (at < 0) return undefined;
    const shorter = new CachedMessages();
    shorter.start(snapshot, sequence);
    for (const batch of this.batches.slice(at + 1)) shorter.append(batch.message, batch.sequence, batch.hash);
    return shorter;
  }
}
