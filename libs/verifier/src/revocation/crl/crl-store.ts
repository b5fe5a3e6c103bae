import type { PathCertificate } from '../../path/path-certificate.js';
import type { CrlAdded } from './crl-why.js';
import { comparePositions, type CrlPosition, type HeldCrl } from './held-crl.js';

/** What a CRL is counted as beside its octets, so that very many very small ones are bounded too. */
const OVERHEAD = 2048;
/** CRLs of which nothing is proven, at most: each is looked at with every question that it might answer. */
const MAX_PENDING = 1024;
/** Keys by which new CRLs of one issuer are proven when they come. */
const MAX_KEYS = 8;

/** The CRLs of one issuer with one issuingDistributionPoint: they follow each other. */
export interface CrlLine {
  readonly complete: CrlSequence;
  readonly delta: CrlSequence;
}

/** Complete CRLs, or delta CRLs, in any order. */
export class CrlSequence {
  readonly crls = new Set<HeldCrl>();
  /** The newest that is proven, by the key that signed it. */
  private readonly newest = new Map<string, CrlPosition>();

  /** Newest first, by what they say of themselves. */
  inOrder(): readonly HeldCrl[] {
    return this.crls.size < 2
      ? [...this.crls]
      : [...this.crls].toSorted((a, b) => comparePositions(b.position, a.position));
  }

  /** Whether a newer one by this key is known. */
  isRolledBack(crl: HeldCrl, keyId: string): boolean {
    const newest = this.newest.get(keyId);
    return newest !== undefined && comparePositions(crl.position, newest) < 0;
  }

  /** Whether nothing is there, and nothing is known of what was. */
  get isUnused(): boolean {
    return this.crls.size === 0 && this.newest.size === 0;
  }

  /** From now on nothing older by this key counts. Returns what is over with that. */
  advance(crl: HeldCrl, keyId: string): readonly HeldCrl[] {
    this.newest.set(keyId, crl.position);
    return [...this.crls].filter((other) => other.isSignedBy(keyId) === true && this.isRolledBack(other, keyId));
  }
}

/** All CRLs of one issuer's Name. */
export interface CrlShelf {
  /** By `scopeKey`. */
  readonly lines: Map<string, CrlLine>;
  /** Who was proven to have signed some of them, by the SHA-256 of the SubjectPublicKeyInfo. */
  readonly signers: Map<string, PathCertificate>;
}

export type SignatureCheck = (crl: HeldCrl, signer: PathCertificate) => boolean;

/**
 * CRLs by issuer and scope, bounded in octets. What is proven never makes room for what is not: whoever hands in CRLs that
 * nobody signed can only push out others of which nothing is proven yet.
 */
export class CrlStore {
  /** Grows with each change of what is known. */
  changes = 0;
  private readonly maxOctets: number;
  private readonly shelves = new Map<string, CrlShelf>();
  private readonly held = new Map<string, HeldCrl>();
  private readonly pending = new Set<HeldCrl>();
  private octets = 0;
  private pendingOctets = 0;

  constructor(maxOctets: number) {
    this.maxOctets = maxOctets;
  }

  shelfOf(issuerKey: string): CrlShelf | undefined {
    return this.shelves.get(issuerKey);
  }

  /** `check` says whether a key signed the CRL. */
  add(crl: HeldCrl, check: SignatureCheck): CrlAdded {
    if (this.held.has(crl.sha256)) return { ok: true, state: 'known' };
    const signer = this.signerAmongKnown(crl, check);
    const over = signer === undefined ? [] : this.replacedBy(crl, signer);
    if (over === undefined) return { ok: false, why: 'CRL_OLDER' };
    if (!this.makeRoom(sizeOf(crl), signer === undefined, over)) return { ok: false, why: 'CRL_TOO_LARGE' };
    for (const old of over) this.remove(old);
    this.octets += sizeOf(crl);
    this.held.set(crl.sha256, crl);
    this.sequenceOf(crl, true).crls.add(crl);
    this.changes++;
    if (signer !== undefined) return { ok: true, state: 'verified' };
    this.pending.add(crl);
    this.pendingOctets += sizeOf(crl);
    return { ok: true, state: 'pending' };
  }

  /** A question proved that `signer` signed this CRL, in a path to a trust anchor. */
  prove(crl: HeldCrl, keyId: string, signer: PathCertificate): void {
    this.noLongerPending(crl);
    const signers = this.shelves.get(crl.issuerKey)?.signers;
    if (signers === undefined || signers.has(keyId)) return;
    const [first] = signers.keys();
    if (signers.size === MAX_KEYS && first !== undefined) signers.delete(first);
    signers.set(keyId, signer);
  }

  /** A proven CRL is in force: older ones by the same key are let go. */
  settle(crl: HeldCrl, keyId: string): void {
    for (const old of this.sequenceOf(crl, false)?.advance(crl, keyId) ?? []) this.remove(old);
  }

  remove(crl: HeldCrl): void {
    if (!this.held.delete(crl.sha256)) return;
    this.octets -= sizeOf(crl);
    this.noLongerPending(crl);
    this.sequenceOf(crl, false)?.crls.delete(crl);
    this.forgetEmpty(crl);
    this.changes++;
  }

  private noLongerPending(crl: HeldCrl): void {
    if (this.pending.delete(crl)) this.pendingOctets -= sizeOf(crl);
  }

  // What was proven leaves its mark, so that nothing older comes after it; what was not leaves nothing.
  private forgetEmpty({ issuerKey, scopeKey }: HeldCrl): void {
    const shelf = this.shelves.get(issuerKey);
    const line = shelf?.lines.get(scopeKey);
    if (line?.complete.isUnused && line.delta.isUnused) shelf?.lines.delete(scopeKey);
    if (shelf?.lines.size === 0 && shelf.signers.size === 0) this.shelves.delete(issuerKey);
  }

  private signerAmongKnown(crl: HeldCrl, check: SignatureCheck): string | undefined {
    for (const [keyId, signer] of this.shelves.get(crl.issuerKey)?.signers ?? []) {
      if (check(crl, signer)) return keyId;
    }
    return undefined;
  }

  // Of the proven CRLs by this key the newest stays beside the new one, whose time may not have come. Undefined: a newer is known.
  private replacedBy(crl: HeldCrl, keyId: string): readonly HeldCrl[] | undefined {
    const sequence = this.sequenceOf(crl, false);
    if (sequence === undefined) return [];
    if (sequence.isRolledBack(crl, keyId)) return undefined;
    const proven = sequence.inOrder().filter((other) => other.isSignedBy(keyId) === true);
    const isOlder = proven.some((other) => comparePositions(crl.position, other.position) <= 0);
    return isOlder ? undefined : proven.slice(1);
  }

  private makeRoom(needed: number, isPending: boolean, over: readonly HeldCrl[]): boolean {
    const kept = this.octets - over.reduce((sum, crl) => sum + sizeOf(crl), 0);
    if (kept - this.pendingOctets + needed > this.maxOctets) return false;
    let excess = kept + needed - this.maxOctets;
    let tooMany = isPending && this.pending.size >= MAX_PENDING;
    if (excess <= 0 && !tooMany) return true;
    // First those that somebody was asked about and did not sign, then those that came first.
    for (const crl of [...this.pending].toSorted((a, b) => Number(b.failed) - Number(a.failed))) {
      this.remove(crl);
      excess -= sizeOf(crl);
      tooMany = false;
      if (excess <= 0) break;
    }
    return true;
  }

  private sequenceOf(crl: HeldCrl, create: true): CrlSequence;
  private sequenceOf(crl: HeldCrl, create: boolean): CrlSequence | undefined;
  private sequenceOf(crl: HeldCrl, create: boolean): CrlSequence | undefined {
    let shelf = this.shelves.get(crl.issuerKey);
    if (shelf === undefined && create) {
      shelf = { lines: new Map(), signers: new Map() };
      this.shelves.set(crl.issuerKey, shelf);
    }
    let line = shelf?.lines.get(crl.scopeKey);
    if (shelf !== undefined && line === undefined && create) {
      line = { complete: new CrlSequence(), delta: new CrlSequence() };
      shelf.lines.set(crl.scopeKey, line);
    }
    return crl.baseCRLNumber === undefined ? line?.complete : line?.delta;
  }
}

function sizeOf({ list }: HeldCrl): number {
  return list.der.length + OVERHEAD;
}
