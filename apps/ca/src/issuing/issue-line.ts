/** Work that waits for its turn in a batch. */
interface Waiting<Request, Outcome> {
  readonly request: Request;
  readonly keys: readonly string[];
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

export interface IssueLineOptions {
  readonly maxBatch: number;
  /** Batches whose transactions may be open at the same time: while one waits for its commit, the next one signs. */
  readonly maxOpen: number;
  /**
   * Requests that must wait before another batch opens beside one that is under way. Below it they wait for that one's end and go
   * together: a batch costs as many statements for one request as for a hundred.
   */
  readonly worthOpening: number;
}

/**
 * Group commit: whatever arrives while earlier batches are under way forms the next batch and shares its commit. Requests that
 * share a key (the same device or the same public key) never run at the same time, so that each sees what the one before did.
 */
export class IssueLine<Request, Outcome> {
  private readonly runBatch: (requests: readonly Request[]) => Promise<Outcome[]>;
  private readonly keysOf: (request: Request) => readonly string[];
  private readonly options: IssueLineOptions;
  private waiting: Waiting<Request, Outcome>[] = [];
  private readonly busy = new Set<string>();
  private open = 0;
  private scheduled = false;

  constructor(
    runBatch: (requests: readonly Request[]) => Promise<Outcome[]>,
    keysOf: (request: Request) => readonly string[],
    options: IssueLineOptions,
  ) {
    this.runBatch = runBatch;
    this.keysOf = keysOf;
    this.options = options;
  }

  run(request: Request): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ request, keys: this.keysOf(request), resolve, reject });
      this.schedule();
    });
  }

  // in the next turn of the loop, so that all that arrived in this one goes together
  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      while (this.mayOpen() && this.startBatch());
    });
  }

  private mayOpen(): boolean {
    const { maxOpen, worthOpening } = this.options;
    return this.open === 0 || (this.open < maxOpen && this.waiting.length >= worthOpening);
  }

  private startBatch(): boolean {
    const batch: Waiting<Request, Outcome>[] = [];
    const later: Waiting<Request, Outcome>[] = [];
    for (const item of this.waiting) {
      if (batch.length === this.options.maxBatch || item.keys.some((key) => this.busy.has(key))) {
        later.push(item);
        // those behind it with the same keys must not overtake it; they meet the same busy keys or the same full batch
        continue;
      }
      for (const key of item.keys) this.busy.add(key);
      batch.push(item);
    }
    if (batch.length === 0) return false;
    this.waiting = later;
    this.open++;
    void this.finish(batch);
    return true;
  }

  private async finish(batch: readonly Waiting<Request, Outcome>[]): Promise<void> {
    try {
      const outcomes = await this.runBatch(batch.map((item) => item.request));
      for (const [i, item] of batch.entries()) {
        const outcome = outcomes[i];
        if (outcome === undefined) item.reject(new TypeError('a batch answered fewer items than it was asked'));
        else item.resolve(outcome);
      }
    } catch (error) {
      for (const item of batch) item.reject(error);
    } finally {
      for (const item of batch) for (const key of item.keys) this.busy.delete(key);
      this.open--;
      if (this.waiting.length > 0) this.schedule();
    }
  }
}
