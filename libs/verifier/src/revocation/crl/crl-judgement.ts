import { GOOD, type RevocationFinding, unknown, type UnknownReason } from '../finding.js';
import type { RevocationQuestion } from '../revocation-source.js';
import { proveCrls } from './crl-prover.js';
import { EVERY_REASON, isInScope, type ReasonsMask, type StatusPoint, statusPointsOf } from './crl-scope.js';
import type { CrlLine, CrlSequence } from './crl-sequence.js';
import { CrlSigners } from './crl-signers.js';
import type { CrlStore } from './crl-store.js';
import type { CrlWhy } from './crl-why.js';
import type { HeldCrl, Listing } from './held-crl.js';
import { nameKey } from './name-key.js';

/** What of the options of a CrlSource a judgement depends on. */
export interface CrlRules {
  readonly indirect: boolean;
  readonly maxAgeWithoutNextUpdate: number;
  readonly maxClockSkew: number;
}

/** What the CRLs of one scope by one key say. `good` is always fresh. */
interface Said {
  readonly finding: RevocationFinding;
  /** Whether what says suspended is over. */
  readonly stale: boolean;
  readonly thisUpdate: number;
}

/** One CRL in force, and its entry for the certificate, if it has one. */
interface Read {
  readonly crl: HeldCrl;
  readonly listed: Listing | undefined;
}

// Only what a signer with the right has signed is stale or unusable: what anybody may hand in is as good as nothing.
const BECAUSE: Readonly<Record<CrlWhy, UnknownReason>> = {
  CRL_MISSING: 'absent',
  CRL_SCOPE: 'absent',
  CRL_REASONS: 'absent',
  CRL_INDIRECT: 'absent',
  CRL_BASE_MISSING: 'absent',
  CRL_NOT_YET_VALID: 'absent',
  CRL_SIGNER_NOT_AUTHORIZED: 'absent',
  CRL_SIGNATURE_INVALID: 'absent',
  CRL_STALE: 'stale',
  CRL_CRITICAL_EXTENSION: 'unusable',
  CRL_ENTRIES_MALFORMED: 'unusable',
};
const WEIGHTS: Readonly<Record<UnknownReason, number>> = { absent: 0, stale: 1, unusable: 2 };

/**
 * RFC 5280 section 6.3.3 for one certificate, over the CRLs at hand. Letters in brackets are its steps. Every CRL in scope is asked,
 * not only until all reasons are covered: coverage decides what is good, never what is revoked.
 */
export class CrlJudgement {
  private readonly question: RevocationQuestion;
  private readonly store: CrlStore;
  private readonly rules: CrlRules;
  private why: CrlWhy = 'CRL_MISSING';
  private covered: ReasonsMask = 0;
  private suspended: RevocationFinding | undefined;
  private blocked = false;

  constructor(question: RevocationQuestion, store: CrlStore, rules: CrlRules) {
    this.question = question;
    this.store = store;
    this.rules = rules;
  }

  find(): RevocationFinding {
    const { subject, issuer, at } = this.question;
    this.store.noteTime(at + this.rules.maxClockSkew);
    // The same Name as the certificate's issuer, in octets that are kept.
    const name = issuer.certificate.subject;
    for (const point of statusPointsOf(subject, name)) {
      for (const issuerKey of issuersOf(point, nameKey(name))) {
        const revoked = this.askShelf(point, issuerKey);
        if (revoked !== undefined) return revoked;
      }
    }
    if (this.suspended !== undefined) return this.suspended;
    if (this.covered === EVERY_REASON && !this.blocked) return GOOD;
    if (this.covered !== 0 && BECAUSE[this.why] === 'absent') this.why = 'CRL_REASONS';
    return unknown(BECAUSE[this.why], this.why);
  }

  /** (b): the CRLs of this issuer that the point means. What says revoked, if any does. */
  private askShelf(point: StatusPoint, issuerKey: string): RevocationFinding | undefined {
    const { question, store } = this;
    const isDelegated = point.cRLIssuer !== undefined;
    const signers = new CrlSigners(question, issuerKey, store.shelfOf(issuerKey), isDelegated);
    if (!signers.areThere) {
      if (store.isKnown(issuerKey)) this.note('CRL_SIGNER_NOT_AUTHORIZED');
      return undefined;
    }
    const names = point.names ?? point.cRLIssuer ?? [];
    if (proveCrls(store, { issuerKey, names }, signers)) this.note('CRL_SIGNATURE_INVALID');
    for (const line of store.shelfOf(issuerKey)?.lines.values() ?? []) {
      const { scope } = line;
      if (!isInScope(scope, point, question.subject)) this.note('CRL_SCOPE');
      else if (scope.indirect && !this.rules.indirect) this.note('CRL_INDIRECT');
      else if ((point.reasons & scope.reasons) !== 0) {
        const finding = this.askLine(line, signers);
        if (finding?.status === 'revoked') return finding;
        if (finding?.status === 'suspended') this.suspended = finding;
        // (d), (l)
        if (finding?.status === 'good') this.covered |= point.reasons & scope.reasons;
      }
    }
    // What is not proven is only asked for where it may be in scope.
    if (this.why === 'CRL_MISSING' && store.isKnown(issuerKey)) this.note('CRL_SCOPE');
    return undefined;
  }

  /** One scope: what any key says that may speak for it. Undefined if none does. */
  private askLine(line: CrlLine, signers: CrlSigners): RevocationFinding | undefined {
    const said: Said[] = [];
    for (const keyId of new Set([...line.complete.keys(), ...line.delta.keys()])) {
      if (signers.withKey(keyId) === undefined) {
        this.note('CRL_SIGNER_NOT_AUTHORIZED');
        continue;
      }
      const answer = this.askKey(line, keyId);
      if (answer?.finding.status === 'revoked') return answer.finding;
      if (answer !== undefined) said.push(answer);
    }
    const good = said.filter(({ finding }) => finding.status === 'good');
    // Who no longer publishes does not lift what it suspended: who has come after does.
    const suspended = said.find(
      ({ finding, stale, thisUpdate }) =>
        finding.status === 'suspended' && !(stale && good.some((later) => later.thisUpdate > thisUpdate)),
    );
    return (suspended ?? good[0])?.finding;
  }

  /** (f) to (k) for one scope and key. Undefined if its CRLs do not say. */
  private askKey({ complete, delta }: CrlLine, keyId: string): Said | undefined {
    const base = this.newestOf(complete, keyId);
    const change = base === 'unusable' ? undefined : this.newestOf(delta, keyId, base?.crl);
    if (base === 'unusable' || change === 'unusable') {
      this.blocked = true;
      return undefined;
    }
    if (base === undefined) {
      if (change?.listed !== undefined && !isRemoval(change.listed)) return this.listedIn(change.crl, change.listed);
      if (change !== undefined) this.note('CRL_BASE_MISSING');
      return undefined;
    }
    const combined = change !== undefined && this.isCombinable(change.crl, base.crl);
    // (i): a delta that lists the certificate as revoked proves it, even if it is stale or goes on from another base.
    if (change?.listed !== undefined) {
      if (!isRemoval(change.listed)) return this.listedIn(change.crl, change.listed);
      // (k)
      if (combined) return { finding: GOOD, stale: false, thisUpdate: change.crl.list.thisUpdate };
    }
    // (j)
    if (base.listed !== undefined) return this.listedIn(base.crl, base.listed);
    if (combined || this.isFresh(base.crl))
      return { finding: GOOD, stale: false, thisUpdate: base.crl.list.thisUpdate };
    this.note('CRL_STALE');
    return undefined;
  }

  /**
   * The newest CRL of a key that is in force, and what it says; `unusable` if it must not be used, and then an older one does not count
   * instead. A delta CRL must go with `base`.
   */
  private newestOf(sequence: CrlSequence, keyId: string, base?: HeldCrl): Read | 'unusable' | undefined {
    const { subject, issuer, at } = this.question;
    for (const crl of sequence.by(keyId)) {
      if (crl.list.thisUpdate > at + this.rules.maxClockSkew) {
        this.note('CRL_NOT_YET_VALID');
        continue;
      }
      if (base !== undefined && !isNewerDelta(crl, base)) continue;
      this.store.settle(sequence, crl, keyId);
      const listed = crl.unusable ?? crl.lookup(subject.certificate.serialNumber, issuer.certificate.subject);
      if (typeof listed !== 'string') return { crl, listed };
      this.note(listed);
      return 'unusable';
    }
    return undefined;
  }

  private listedIn(crl: HeldCrl, { reasonCode: reason, revocationDate: revocationTime }: Listing): Said {
    const { thisUpdate } = crl.list;
    if (reason === 'certificateHold') {
      return { finding: { status: 'suspended' }, stale: !this.isFresh(crl), thisUpdate };
    }
    const more = {
      ...(reason === undefined ? {} : { reason }),
      ...(revocationTime === undefined ? {} : { revocationTime }),
    };
    return { finding: { status: 'revoked', ...more }, stale: false, thisUpdate };
  }

  /** RFC 5280 5.2.4: the delta is fresh and goes on from this complete CRL or an earlier one. */
  private isCombinable(delta: HeldCrl, complete: HeldCrl): boolean {
    const { baseCRLNumber } = delta;
    return baseCRLNumber !== undefined && complete.position.cRLNumber >= baseCRLNumber && this.isFresh(delta);
  }

  /** (a) */
  private isFresh({ list }: HeldCrl): boolean {
    return this.question.at <= (list.nextUpdate ?? list.thisUpdate + this.rules.maxAgeWithoutNextUpdate);
  }

  private note(why: CrlWhy): void {
    if (this.why === 'CRL_MISSING' || WEIGHTS[BECAUSE[why]] > WEIGHTS[BECAUSE[this.why]]) this.why = why;
  }
}

function issuersOf({ cRLIssuer }: StatusPoint, issuerKey: string): readonly string[] {
  // Keys of directory names are keys of Names behind a prefix.
  return cRLIssuer === undefined ? [issuerKey] : [...cRLIssuer].map((key) => key.replace(/^dir:/, ''));
}

// (c): the same authority key identifier, octet for octet; issuer and scope are those of the line. RFC 5280 5.2.4: a higher number.
function isNewerDelta(delta: HeldCrl, complete: HeldCrl): boolean {
  return delta.authorityKey === complete.authorityKey && delta.position.cRLNumber > complete.position.cRLNumber;
}

// removeFromCRL means nothing in a complete CRL: what is listed there is revoked.
function isRemoval({ reasonCode }: Listing): boolean {
  return reasonCode === 'removeFromCRL';
}
