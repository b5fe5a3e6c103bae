import type { RevocationSource } from './revocation-source.js';

/** Seconds after which sources are asked again though they know nothing new: what they know has grown older. */
const LONGEST = 30;

/** Knows when it is worth asking sources again about what was good. */
export class SourceWatch {
  private readonly sources: readonly RevocationSource[];
  private changes = 0;
  private askedAt: number | undefined;

  constructor(sources: readonly RevocationSource[]) {
    this.sources = sources;
  }

  /** `now` in UTC seconds. Always true with a source that does not count its changes. */
  mayHaveChanged(now: number): boolean {
    if (this.sources.length === 0) return false;
    const changes = this.sources.reduce((sum, source) => sum + (source.changes ?? Number.NaN), 0);
    const age = this.askedAt === undefined ? LONGEST : now - this.askedAt;
    if (changes === this.changes && age >= 0 && age < LONGEST) return false;
    this.changes = changes;
    this.askedAt = now;
    return true;
  }
}
