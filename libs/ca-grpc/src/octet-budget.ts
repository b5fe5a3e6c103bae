/** Part of a budget, held from `granted` until `release`. */
export interface Lease {
  /** Never settles where it is released before its turn. */
  readonly granted: Promise<void>;
  /** Gives back what is not needed after all. */
  shrinkTo(octets: number): void;
  release(): void;
}

interface Waiting {
  readonly octets: number;
  readonly grant: () => void;
}

/** Octets that may be held at a time. Who asks for more than is left waits in line: nobody who wants little passes who wants much. */
export class OctetBudget {
  private left: number;
  private readonly line = new Set<Waiting>();

  constructor(octets: number) {
    this.left = octets;
  }

  /** `octets`: at most the whole budget. */
  lease(octets: number): Lease {
    let held = 0;
    const { promise: granted, resolve } = Promise.withResolvers<void>();
    const waiting: Waiting = {
      octets,
      grant: () => {
        held = octets;
        resolve();
      },
    };
    const shrinkTo = (rest: number): void => {
      const given = Math.max(0, held - rest);
      held -= given;
      this.left += given;
      this.serve();
    };
    this.line.add(waiting);
    this.serve();
    return {
      granted,
      shrinkTo,
      release: () => {
        this.line.delete(waiting);
        shrinkTo(0);
      },
    };
  }

  private serve(): void {
    for (const waiting of this.line) {
      if (waiting.octets > this.left) return;
      this.left -= waiting.octets;
      this.line.delete(waiting);
      waiting.grant();
    }
  }
}
