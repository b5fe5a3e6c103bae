import type { RevokedCertificate } from '@touchmark/x509';

import type { RevocationFinding, UnknownReason } from '../finding.js';
import type { RevocationQuestion } from '../revocation-source.js';
import { EVERY_REASON, isInScope, type ReasonsMask, type StatusPoint, statusPointsOf } from './crl-scope.js';
import { type CrlSigner, CrlSigners } from './crl-signers.js';
import type { CrlLine, CrlSequence, CrlShelf, CrlStore } from './crl-store.js';
import type { CrlWhy } from './crl-why.js';
import type { HeldCrl } from './held-crl.js';
import { nameKey } from './name-key.js';

/** What of the options of a CrlSource a judgement depends on. */
export interface CrlRules {
  readonly indirect: boolean;
  readonly whenNextUpdateMissing: number | undefined;
  readonly maxClockSkew: number;
}

/** A CRL whose issuer is proven. */
interface ProvenCrl {
  readonly crl: HeldCrl;
  readonly signer: CrlSigner;
}

/** An entry of a CRL; `undefined` if there is none. */
type Listing = RevokedCertificate | undefined;

const BECAUSE: Readonly<Record<CrlWhy, UnknownReason>> = {
  CRL_MISSING: 'absent',
  CRL_SCOPE: 'absent',
  CRL_REASONS: 'absent',
  CRL_INDIRECT: 'absent',
  CRL_BASE_MISSING: 'absent',
  CRL_STALE: 'stale',
  CRL_NOT_YET_VALID: 'stale',
  CRL_ISSUER_UNTRUSTED: 'unusable',
  CRL_SIGNATURE: 'unusable',
  CRL_EXTENSION: 'unusable',
  CRL_MALFORMED: 'unusable',
};
const WEIGHTS: Readonly<Record<UnknownReason, number>> = { absent: 0, unusable: 1, stale: 2 };

/** RFC 5280 section 6.3.3 for one certificate, over the CRLs at hand. Letters in brackets are its steps. */
export class CrlJudgement {
  private readonly question: RevocationQuestion;
  private readonly store: CrlStore;
  private readonly rules: CrlRules;
  private readonly signers: CrlSigners;
  private why: CrlWhy = 'CRL_MISSING';
  private covered: ReasonsMask = 0;
  private suspended: RevocationFinding | undefined;

  constructor(question: RevocationQuestion, store: CrlStore, rules: CrlRules) {
    this.question = question;
    this.store = store;
    this.rules = rules;
    this.signers = new CrlSigners(question);
  }

  find(): RevocationFinding {
    // The same Name as the certificate's issuer, in octets that are kept.
    const issuer = this.question.issuer.certificate.subject;
    for (const point of statusPointsOf(this.question.subject, issuer)) {
      for (const { line, reasons: covers } of this.linesFor(point, nameKey(issuer))) {
        // (d), (e)
        const reasons = point.reasons & covers;
        if ((reasons & ~this.covered) === 0) continue;
        const finding = this.askLine(line, point.cRLIssuer !== undefined);
        if (finding?.status === 'revoked') return finding;
        if (finding?.status === 'suspended') this.suspended = finding;
        if (finding?.status === 'good') this.covered |= reasons;
      }
    }
    if (this.suspended !== undefined) return this.suspended;
    if (this.covered === EVERY_REASON) return { status: 'good' };
    if (this.covered !== 0 && BECAUSE[this.why] === 'absent') this.why = 'CRL_REASONS';
    return { status: 'unknown', because: BECAUSE[this.why], why: this.why };
  }

  /** (b): the CRLs that the point means, those first that say they are the newest. */
  private linesFor(point: StatusPoint, issuerKey: string): readonly { line: CrlLine; reasons: ReasonsMask }[] {
    const lines: { line: CrlLine; reasons: ReasonsMask; thisUpdate: number }[] = [];
    for (const shelf of this.shelvesOf(point, issuerKey)) {
      for (const line of shelf.lines.values()) {
        const [first] = [...line.complete.inOrder(), ...line.delta.inOrder()];
        if (first === undefined) continue;
        const { scope } = first;
        if (!isInScope(scope, point, this.question.subject)) this.note('CRL_SCOPE');
        else if (scope.indirect && !this.rules.indirect) this.note('CRL_INDIRECT');
        else lines.push({ line, reasons: scope.reasons, thisUpdate: first.position.thisUpdate });
      }
    }
    return lines.toSorted((a, b) => b.thisUpdate - a.thisUpdate);
  }

  private shelvesOf({ cRLIssuer }: StatusPoint, issuerKey: string): readonly CrlShelf[] {
    // Keys of directory names are keys of Names behind a prefix.
    const keys = cRLIssuer === undefined ? [issuerKey] : [...cRLIssuer].map((key) => key.replace(/^dir:/, ''));
    return keys.flatMap((key) => this.store.shelfOf(key) ?? []);
  }

  /** (f) to (k) for one scope. Undefined if its CRLs do not say. */
  private askLine({ complete, delta }: CrlLine, delegated: boolean): RevocationFinding | undefined {
    const base = this.newestOf(complete, delegated);
    const change = this.newestOf(delta, delegated, base?.proven);
    if (base === undefined) {
      if (change?.listed !== undefined && !isRemoval(change.listed)) return findingOf(change.listed);
      if (change !== undefined) this.note('CRL_BASE_MISSING');
      return undefined;
    }
    const combined = change !== undefined && this.isCombinable(change.proven.crl, base.proven.crl);
    // (i): a delta that lists the certificate as revoked proves it, even if it is stale or goes on from another base.
    if (change?.listed !== undefined) {
      if (!isRemoval(change.listed)) return findingOf(change.listed);
      // (k)
      if (combined) return { status: 'good' };
    }
    // (j)
    if (base.listed !== undefined) return findingOf(base.listed);
    if (combined || this.isFresh(base.proven.crl)) return { status: 'good' };
    this.note('CRL_STALE');
    return undefined;
  }

  /** The newest proven CRL of a sequence that may be used, and what it says. A delta CRL must go with `base`. */
  private newestOf(
    sequence: CrlSequence,
    delegated: boolean,
    base?: ProvenCrl,
  ): { proven: ProvenCrl; listed: Listing } | undefined {
    const { subject, issuer, at } = this.question;
    for (const crl of sequence.inOrder()) {
      if (crl.list.thisUpdate > at + this.rules.maxClockSkew) {
        this.note('CRL_NOT_YET_VALID');
        continue;
      }
      if (base !== undefined && !isNewerDelta(crl, base.crl)) continue;
      const signer = this.signers.of(crl, delegated);
      if (typeof signer === 'string') {
        this.note(signer);
        continue;
      }
      this.store.prove(crl, signer.keyId, signer.certificate);
      if (sequence.isRolledBack(crl, signer.keyId)) {
        this.store.remove(crl);
        continue;
      }
      // (h): the key that signed the complete CRL.
      if (base !== undefined && signer.keyId !== base.signer.keyId) continue;
      const listed = crl.unusable ?? crl.lookup(subject.certificate.serialNumber, issuer.certificate.subject);
      if (typeof listed === 'string') {
        this.note(listed);
        continue;
      }
      this.store.settle(crl, signer.keyId);
      return { proven: { crl, signer }, listed };
    }
    return undefined;
  }

  /** RFC 5280 5.2.4: the delta is fresh and goes on from this complete CRL or an earlier one. */
  private isCombinable(delta: HeldCrl, complete: HeldCrl): boolean {
    const { baseCRLNumber } = delta;
    return baseCRLNumber !== undefined && complete.position.cRLNumber >= baseCRLNumber && this.isFresh(delta);
  }

  /** (a) */
  private isFresh({ list }: HeldCrl): boolean {
    const { whenNextUpdateMissing } = this.rules;
    const end = list.nextUpdate ?? list.thisUpdate + (whenNextUpdateMissing ?? Number.NEGATIVE_INFINITY);
    return this.question.at <= end;
  }

  private note(why: CrlWhy): void {
    if (this.why === 'CRL_MISSING' || WEIGHTS[BECAUSE[why]] > WEIGHTS[BECAUSE[this.why]]) this.why = why;
  }
}

// (c): the same authority key identifier, octet for octet; issuer and scope are those of the line. RFC 5280 5.2.4: a higher number.
function isNewerDelta(delta: HeldCrl, complete: HeldCrl): boolean {
  return delta.authorityKey === complete.authorityKey && delta.position.cRLNumber > complete.position.cRLNumber;
}

// removeFromCRL means nothing in a complete CRL: what is listed there is revoked.
function isRemoval({ reasonCode }: RevokedCertificate): boolean {
  return reasonCode === 'removeFromCRL';
}

function findingOf({ reasonCode, revocationDate }: RevokedCertificate): RevocationFinding {
  if (reasonCode === 'certificateHold') return { status: 'suspended' };
  const revoked = { status: 'revoked', revocationTime: revocationDate } as const;
  return reasonCode === undefined ? revoked : { ...revoked, reason: reasonCode };
}
