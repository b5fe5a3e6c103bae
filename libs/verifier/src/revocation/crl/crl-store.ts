import { parseCertificate } from '@touchmark/x509';

import { PathCertificate } from '../../path/path-certificate.js';
import { type CrlLine, CrlSequence } from './crl-sequence.js';
import type { CrlAdded } from './crl-why.js';
import type { HeldCrl } from './held-crl.js';
import { UnprovenCrls } from './unproven-crls.js';

/** What a CRL is counted as beside its octets, so that very many very small ones are bounded too. */
const OVERHEAD = 2048;
/** Keys by which new CRLs of one issuer are proven when they come. */
const MAX_KEYS = 8;

/** All CRLs of one issuer's Name. */
export interface CrlShelf {
  /** What is proven, by `scopeKey`. */
  readonly lines: Map<string, CrlLine>;
  /** Who was proven to have signed some of them, by the SHA-256 of the SubjectPublicKeyInfo. */
  readonly signers: Map<string, PathCertificate>;
}

export type SignatureCheck = (crl: HeldCrl, signer: PathCertificate) => boolean;

/**
 * CRLs by issuer and scope, bounded in octets. What nobody is known to have signed is kept apart: it never makes room for itself among
 * what is proven, and no order of what is proven depends on it.
 */
export class CrlStore {
  /** Grows with each change of what is proven. */
  changes = 0;
  readonly unproven = new UnprovenCrls((crl) => sizeOf(crl));
  private readonly maxOctets: number;
  private readonly shelves = new Map<string, CrlShelf>();
  private readonly held = new Map<string, HeldCrl>();
  private octets = 0;
  /** The latest time that was asked about: no CRL ahead of it is in force. */
  private askedAt = Number.NEGATIVE_INFINITY;

  constructor(maxOctets: number) {
    this.maxOctets = maxOctets;
  }

  shelfOf(issuerKey: string): CrlShelf | undefined {
    return this.shelves.get(issuerKey);
  }

  /** Whether there is any CRL in this issuer's name. */
  isKnown(issuerKey: string): boolean {
    return this.shelves.has(issuerKey) || this.unproven.isNamed(issuerKey);
  }

  /** Whether this one says that it is newer than what is proven of its scope. */
  saysNewer(crl: HeldCrl): boolean {
    const line = this.shelves.get(crl.issuerKey)?.lines.get(crl.scopeKey);
    return line === undefined || sequenceIn(line, crl).saysNewer(crl);
  }

  /** `at` in UTC seconds, with what may lie ahead of it. */
  noteTime(at: number): void {
    this.askedAt = Math.max(this.askedAt, at);
  }

  /** `check` says whether a key signed the CRL. */
  add(crl: HeldCrl, check: SignatureCheck): CrlAdded {
    if (this.held.has(crl.sha256) || this.unproven.has(crl)) return { ok: true, state: 'known' };
    const keyId = this.signerAmongKnown(crl, check);
    if (keyId !== undefined) return this.addProven(crl, keyId);
    if (!this.makeRoom(sizeOf(crl))) return { ok: false, why: 'CRL_TOO_LARGE' };
    this.unproven.add(crl);
    return { ok: true, state: 'pending' };
  }

  /** A question proved that `signer` signed this CRL, in a path to a trust anchor. */
  prove(crl: HeldCrl, keyId: string, signer: PathCertificate): void {
    this.unproven.remove(crl);
    const { signers } = this.shelf(crl.issuerKey);
    if (!signers.has(keyId)) {
      const [first] = signers.keys();
      if (signers.size === MAX_KEYS && first !== undefined) signers.delete(first);
      signers.set(keyId, ownCopyOf(signer));
    }
    this.addProven(crl, keyId);
  }

  /** A CRL is in force: older ones by the same key are let go, for ever. */
  settle(sequence: CrlSequence, crl: HeldCrl, keyId: string): void {
    for (const old of sequence.advance(crl, keyId)) this.drop(old);
  }

  private addProven(crl: HeldCrl, keyId: string): CrlAdded {
    const sequence = this.sequenceOf(crl);
    const over = sequence.replacedBy(crl, keyId, this.askedAt);
    if (over === undefined) return { ok: false, why: 'CRL_OLDER_THAN_KNOWN' };
    const freed = over.reduce((sum, old) => sum + sizeOf(old), 0);
    if (!this.makeRoom(sizeOf(crl) - freed)) return { ok: false, why: 'CRL_TOO_LARGE' };
    for (const old of over) this.drop(old);
    sequence.put(crl, keyId, over);
    this.held.set(crl.sha256, crl);
    this.octets += sizeOf(crl);
    this.changes++;
    return { ok: true, state: 'verified' };
  }

  private drop(crl: HeldCrl): void {
    if (this.held.delete(crl.sha256)) this.octets -= sizeOf(crl);
  }

  private signerAmongKnown(crl: HeldCrl, check: SignatureCheck): string | undefined {
    for (const [keyId, signer] of this.shelves.get(crl.issuerKey)?.signers ?? []) {
      if (check(crl, signer)) return keyId;
    }
    return undefined;
  }

  private makeRoom(needed: number): boolean {
    const free = this.maxOctets - this.octets - needed;
    if (free < 0) return false;
    this.unproven.shrinkTo(free);
    return true;
  }

  private shelf(issuerKey: string): CrlShelf {
    let shelf = this.shelves.get(issuerKey);
    if (shelf === undefined) {
      shelf = { lines: new Map(), signers: new Map() };
      this.shelves.set(issuerKey, shelf);
    }
    return shelf;
  }

  private sequenceOf(crl: HeldCrl): CrlSequence {
    const { scopeKey, scope } = crl;
    const { lines } = this.shelf(crl.issuerKey);
    let line = lines.get(scopeKey);
    if (line === undefined) {
      line = { scope, complete: new CrlSequence(), delta: new CrlSequence() };
      lines.set(scopeKey, line);
    }
    return sequenceIn(line, crl);
  }
}

function sequenceIn({ complete, delta }: CrlLine, { baseCRLNumber }: HeldCrl): CrlSequence {
  return baseCRLNumber === undefined ? complete : delta;
}

// What is kept must not be written to by who presented it.
function ownCopyOf({ certificate }: PathCertificate): PathCertificate {
  return new PathCertificate(parseCertificate(Uint8Array.from(certificate.der), { serialNumbers: 'any' }));
}

function sizeOf({ list }: HeldCrl): number {
  return list.der.length + OVERHEAD;
}
