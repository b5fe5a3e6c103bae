import { Oid } from '@touchmark/der';

import type { RevocationFinding } from '../finding.js';
import type { RevocationQuestion } from '../revocation-source.js';
import type { OcspAnswer } from './ocsp-answers.js';
import type { OcspWhy } from './ocsp-why.js';

export interface OcspTimes {
  /** Seconds. */
  readonly maxClockSkew: number;
  /** Seconds. */
  readonly maxAgeWithoutNextUpdate: number;
}

/**
 * What an authorized answer says at this time (RFC 6960 3.2, 4.2.2.1). One that says revoked says so however old it is, and whatever
 * has become of its signer: a certificate does not come back by waiting. Everything else counts only within its time.
 */
export function findingOf(answer: OcspAnswer, question: RevocationQuestion, times: OcspTimes): RevocationFinding {
  const { certStatus } = answer;
  if (certStatus.status === 'revoked') {
    const { revocationReason: reason, revocationTime } = certStatus;
    if (reason === 'certificateHold') return { status: 'suspended' };
    return { status: 'revoked', revocationTime, ...(reason === undefined ? {} : { reason }) };
  }
  const flaw = flawOf(answer, question.at, times) ?? flawOfDelegate(answer, question);
  if (flaw !== undefined) return flaw;
  return certStatus.status === 'good' ? { status: 'good' } : unknown('absent', 'OCSP_UNKNOWN');
}

export function unknown(because: 'absent' | 'stale' | 'unusable', why: OcspWhy): RevocationFinding {
  return { status: 'unknown', because, why };
}

function flawOf(
  { thisUpdate, nextUpdate, producedAt }: OcspAnswer,
  at: number,
  { maxClockSkew, maxAgeWithoutNextUpdate }: OcspTimes,
): RevocationFinding | undefined {
  if (nextUpdate !== undefined && nextUpdate < thisUpdate) return unknown('unusable', 'OCSP_TIMES_CONTRADICT');
  if (thisUpdate > producedAt + maxClockSkew) return unknown('unusable', 'OCSP_TIMES_CONTRADICT');
  if (Math.max(thisUpdate, producedAt) > at + maxClockSkew) return unknown('stale', 'OCSP_NOT_YET_VALID');
  if (nextUpdate === undefined && maxAgeWithoutNextUpdate === 0) return unknown('unusable', 'OCSP_NEXT_UPDATE_MISSING');
  const end = nextUpdate ?? thisUpdate + maxAgeWithoutNextUpdate;
  return at > end + maxClockSkew ? unknown('stale', 'OCSP_STALE') : undefined;
}

function flawOfDelegate({ delegate }: OcspAnswer, question: RevocationQuestion): RevocationFinding | undefined {
  if (delegate === undefined) return undefined;
  const { notBefore, notAfter, extensions } = delegate.certificate;
  if (question.at < notBefore || question.at > notAfter) return unknown('unusable', 'OCSP_DELEGATE_EXPIRED');
  if (extensions.has(Oid.ocspNocheck)) return undefined;
  return question.signerPath(delegate, 'ocsp') === undefined
    ? unknown('unusable', 'OCSP_DELEGATE_STATUS_UNKNOWN')
    : undefined;
}
