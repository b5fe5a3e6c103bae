import type { CrlScope } from './crl-scope.js';
import { comparePositions, type CrlPosition, type HeldCrl } from './held-crl.js';

/** The proven CRLs of one issuer with one issuingDistributionPoint: they follow each other. */
export interface CrlLine {
  readonly scope: CrlScope;
  readonly complete: CrlSequence;
  readonly delta: CrlSequence;
}

/** Those by one key. */
interface Series {
  /** Newest first. */
  crls: readonly HeldCrl[];
  /** The newest that was ever in force: nothing older counts again. */
  newest: CrlPosition | undefined;
}

/** Complete CRLs, or delta CRLs: for each key apart, since no key may speak for what another one has said. */
export class CrlSequence {
  private readonly byKey = new Map<string, Series>();

  /** The keys that signed some, each by the SHA-256 of its SubjectPublicKeyInfo. */
  keys(): IterableIterator<string> {
    return this.byKey.keys();
  }

  /** Newest first. */
  by(keyId: string): readonly HeldCrl[] {
    return this.byKey.get(keyId)?.crls ?? [];
  }

  /** Whether this one says that it is newer than all by any key. */
  saysNewer(crl: HeldCrl): boolean {
    for (const { crls, newest } of this.byKey.values()) {
      const standing = crls[0]?.position ?? newest;
      if (standing !== undefined && comparePositions(crl.position, standing) <= 0) return false;
    }
    return true;
  }

  /**
   * What is over when this one comes; undefined if a newer one by its key is known. Of those whose time has come by `askedAt` the newest
   * stays, since that of the new one may not have come; of those ahead, the one that comes next and the newest.
   */
  replacedBy(crl: HeldCrl, keyId: string, askedAt: number): readonly HeldCrl[] | undefined {
    const { crls, newest } = this.byKey.get(keyId) ?? { crls: [], newest: undefined };
    const isAhead = ({ position }: HeldCrl): boolean => position.thisUpdate > askedAt;
    if (newest !== undefined && comparePositions(crl.position, newest) < 0) return undefined;
    const inForce = crls.filter((other) => !isAhead(other));
    const [current] = inForce;
    if (current !== undefined && comparePositions(crl.position, current.position) <= 0) return undefined;
    const ahead = [...crls.filter(isAhead), ...(isAhead(crl) ? [crl] : [])].toSorted(newestFirst);
    const next = ahead.reduce<HeldCrl | undefined>(
      (a, b) => (a && a.list.thisUpdate <= b.list.thisUpdate ? a : b),
      undefined,
    );
    const surplus = ahead.filter((other) => other !== ahead[0] && other !== next);
    if (surplus.includes(crl)) return undefined;
    return [...inForce.slice(1), ...surplus];
  }

  /** `over` is what `replacedBy` said. */
  put(crl: HeldCrl, keyId: string, over: readonly HeldCrl[]): void {
    const { crls, newest } = this.byKey.get(keyId) ?? { crls: [], newest: undefined };
    const kept = crls.filter((other) => !over.includes(other));
    this.byKey.set(keyId, { crls: [...kept, crl].toSorted(newestFirst), newest });
  }

  /** From now on nothing older by this key counts. Returns what is over with that. */
  advance(crl: HeldCrl, keyId: string): readonly HeldCrl[] {
    const series = this.byKey.get(keyId);
    if (series === undefined || series.newest === crl.position) return [];
    const over = series.crls.filter((other) => comparePositions(other.position, crl.position) < 0);
    this.byKey.set(keyId, { crls: series.crls.filter((other) => !over.includes(other)), newest: crl.position });
    return over;
  }
}

function newestFirst(a: HeldCrl, b: HeldCrl): number {
  return comparePositions(b.position, a.position);
}
