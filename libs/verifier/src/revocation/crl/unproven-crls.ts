import { comparePositions, type HeldCrl } from './held-crl.js';

/** At most: each is looked at with every question that it might answer. */
const MAX_UNPROVEN = 1024;
/** Of one issuer that were tried, and that none of the keys at hand had signed: a key that comes later may have. */
const MAX_DOUBTFUL = 16;

/**
 * CRLs that nobody is known to have signed. Whoever hands them in can make as many as they like, with whatever they want to say of
 * themselves: they are tried, each once for each key, and until then they are nothing.
 */
export class UnprovenCrls {
  private readonly sizeOf: (crl: HeldCrl) => number;
  private readonly byHash = new Map<string, HeldCrl>();
  /** By issuer and name of the distribution point. */
  private readonly untried = new Map<string, Set<HeldCrl>>();
  /** How many by issuer. */
  private readonly counts = new Map<string, number>();
  /** By issuer. */
  private readonly doubtful = new Map<string, Set<HeldCrl>>();
  private octets = 0;

  constructor(sizeOf: (crl: HeldCrl) => number) {
    this.sizeOf = sizeOf;
  }

  has({ sha256 }: HeldCrl): boolean {
    return this.byHash.has(sha256);
  }

  isNamed(issuerKey: string): boolean {
    return this.counts.has(issuerKey);
  }

  add(crl: HeldCrl): void {
    this.byHash.set(crl.sha256, crl);
    this.counts.set(crl.issuerKey, (this.counts.get(crl.issuerKey) ?? 0) + 1);
    this.octets += this.sizeOf(crl);
    for (const name of namesOf(crl)) into(this.untried, crl.issuerKey + name, crl);
    if (this.byHash.size > MAX_UNPROVEN) this.removeOne();
  }

  /** Those of an issuer that may be meant by one of these names of a distribution point, in the order in which they came. */
  untriedOf(issuerKey: string, names: Iterable<string>): readonly HeldCrl[] {
    const found = new Set(this.untried.get(issuerKey));
    for (const name of names) for (const crl of this.untried.get(issuerKey + name) ?? []) found.add(crl);
    return [...found];
  }

  doubtfulOf(issuerKey: string): readonly HeldCrl[] {
    return [...(this.doubtful.get(issuerKey) ?? [])];
  }

  /** None of the keys at hand has signed it. */
  doubt(crl: HeldCrl): void {
    if (!this.has(crl)) return;
    for (const name of namesOf(crl)) outOf(this.untried, crl.issuerKey + name, crl);
    into(this.doubtful, crl.issuerKey, crl);
    const all = this.doubtful.get(crl.issuerKey);
    const [oldest] = all ?? [];
    if (oldest !== undefined && all !== undefined && all.size > MAX_DOUBTFUL) this.remove(oldest);
  }

  remove(crl: HeldCrl): void {
    if (!this.byHash.delete(crl.sha256)) return;
    this.octets -= this.sizeOf(crl);
    const left = (this.counts.get(crl.issuerKey) ?? 1) - 1;
    if (left === 0) this.counts.delete(crl.issuerKey);
    else this.counts.set(crl.issuerKey, left);
    for (const name of namesOf(crl)) outOf(this.untried, crl.issuerKey + name, crl);
    outOf(this.doubtful, crl.issuerKey, crl);
  }

  /** Lets go of some until they have no more octets than these. */
  shrinkTo(octets: number): void {
    while (this.octets > octets && this.byHash.size > 0) this.removeOne();
  }

  // First what was tried in vain, then what came first.
  private removeOne(): void {
    const [tried] = this.doubtful.values();
    const [first] = tried ?? this.byHash.values();
    if (first !== undefined) this.remove(first);
  }
}

/** The one that says it is the newest. */
export function newestOf(crls: readonly HeldCrl[]): HeldCrl | undefined {
  let newest: HeldCrl | undefined;
  for (const crl of crls) if (newest === undefined || comparePositions(crl.position, newest.position) > 0) newest = crl;
  return newest;
}

function namesOf({ scope }: HeldCrl): Iterable<string> {
  return scope.names ?? [''];
}

function into(sets: Map<string, Set<HeldCrl>>, key: string, crl: HeldCrl): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([crl]));
  else set.add(crl);
}

function outOf(sets: Map<string, Set<HeldCrl>>, key: string, crl: HeldCrl): void {
  const set = sets.get(key);
  if (set?.delete(crl) && set.size === 0) sets.delete(key);
}
