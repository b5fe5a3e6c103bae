import { Oid } from '@touchmark/der';

import { GOOD, type RevocationFinding, unknown } from '../finding.js';
import type { RevocationQuestion } from '../revocation-source.js';
import { isBetter, type OcspAnswer } from './ocsp-answers.js';

export interface OcspTimes {
  /** Seconds. */
  readonly maxClockSkew: number;
  /** Seconds. */
  readonly maxAgeWithoutNextUpdate: number;
}

/**
 * What authorized answers say at this time (RFC 6960 3.2, 4.2.2.1); undefined if there are none. One that says revoked says so however
 * old it is, and whatever has become of its signer, until one that is later and holds says otherwise: a certificate does not come back
 * by waiting, nor by the word of a signer who has lost the right. Everything else counts only within its time and its signer's.
 */
export function findingAmong(
  answers: readonly OcspAnswer[],
  question: RevocationQuestion,
  times: OcspTimes,
): RevocationFinding | undefined {
  let flaw: RevocationFinding | undefined;
  for (const answer of answers.toSorted((a, b) => (isBetter(a, b) ? -1 : 1))) {
    const { certStatus } = answer;
    if (certStatus.status === 'revoked') {
      const { revocationReason: reason, revocationTime } = certStatus;
      if (reason === 'certificateHold') return { status: 'suspended' };
      return { status: 'revoked', revocationTime, ...(reason === undefined ? {} : { reason }) };
    }
    const ofSigner = flawOfDelegate(answer, question);
    const found = ofSigner ?? flawOf(answer, question.at, times);
    if (found === undefined) return certStatus.status === 'good' ? GOOD : unknown('absent', 'OCSP_UNKNOWN');
    // What a signer without the right says is no reason beside what one with the right does.
    if (flaw === undefined || ofSigner === undefined) flaw = found;
  }
  return flaw;
}

function flawOf(
  { thisUpdate, nextUpdate, producedAt }: OcspAnswer,
  at: number,
  { maxClockSkew, maxAgeWithoutNextUpdate }: OcspTimes,
): RevocationFinding | undefined {
  if (nextUpdate !== undefined && nextUpdate < thisUpdate) return unknown('unusable', 'OCSP_TIMES_CONTRADICT');
  if (thisUpdate > producedAt + maxClockSkew) return unknown('unusable', 'OCSP_TIMES_CONTRADICT');
  if (Math.max(thisUpdate, producedAt) > at + maxClockSkew) return unknown('absent', 'OCSP_NOT_YET_VALID');
  if (nextUpdate === undefined && maxAgeWithoutNextUpdate === 0) return unknown('unusable', 'OCSP_NEXT_UPDATE_MISSING');
  const end = nextUpdate ?? thisUpdate + maxAgeWithoutNextUpdate;
  return at > end + maxClockSkew ? unknown('stale', 'OCSP_STALE') : undefined;
}

function flawOfDelegate({ delegate }: OcspAnswer, question: RevocationQuestion): RevocationFinding | undefined {
  if (delegate === undefined) return undefined;
  const { notBefore, notAfter, extensions } = delegate.certificate;
  if (question.at < notBefore || question.at > notAfter) return unknown('unusable', 'OCSP_DELEGATE_EXPIRED');
  if (question.withdrawn(delegate)) return unknown('unusable', 'OCSP_DELEGATE_REVOKED');
  if (extensions.has(Oid.ocspNocheck)) return undefined;
  return question.signerPath(delegate, 'ocsp') === undefined
    ? unknown('unusable', 'OCSP_DELEGATE_STATUS_UNKNOWN')
    : undefined;
}
