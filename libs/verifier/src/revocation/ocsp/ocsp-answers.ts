import { equalBytes } from '@touchmark/der';
import type { CertStatus } from '@touchmark/x509';

import type { PathCertificate } from '../../path/path-certificate.js';
import type { CertIdKey } from './cert-id-key.js';

/** One SingleResponse whose signer was found to be authorized. Times are UTC seconds. */
export interface OcspAnswer {
  readonly certStatus: CertStatus;
  readonly thisUpdate: number;
  readonly nextUpdate: number | undefined;
  readonly producedAt: number;
  /** SubjectPublicKeyInfo of the issuer that it was authorized by: a hash of SHA-1 alone says too little. */
  readonly issuerKey: Uint8Array;
  /** Who signed in the issuer's stead. */
  readonly delegate: PathCertificate | undefined;
}

/** The best answer for each CertID, as many as fit; the one that was not renewed for longest goes first. */
export class OcspAnswers {
  private readonly limit: number;
  private readonly byKey = new Map<string, OcspAnswer>();

  constructor(limit: number) {
    this.limit = limit;
  }

  get size(): number {
    return this.byKey.size;
  }

  get(key: CertIdKey, issuer: PathCertificate): OcspAnswer | undefined {
    const answer = this.byKey.get(nameOf(key));
    return answer && equalBytes(answer.issuerKey, issuer.certificate.subjectPublicKeyInfo) ? answer : undefined;
  }

  put(key: CertIdKey, answer: OcspAnswer): void {
    const name = nameOf(key);
    const standing = this.byKey.get(name);
    if (standing !== undefined && !isBetter(answer, standing)) return;
    this.byKey.delete(name);
    this.byKey.set(name, answer);
    if (this.byKey.size <= this.limit) return;
    const [oldest] = this.byKey.keys();
    if (oldest !== undefined) this.byKey.delete(oldest);
  }
}

/** The later thisUpdate; of two that say they are of one time, the one that is not good. */
export function isBetter(
  a: Pick<OcspAnswer, 'thisUpdate' | 'certStatus'>,
  b: Pick<OcspAnswer, 'thisUpdate' | 'certStatus'>,
): boolean {
  if (a.thisUpdate !== b.thisUpdate) return a.thisUpdate > b.thisUpdate;
  return GRAVITY[a.certStatus.status] > GRAVITY[b.certStatus.status];
}

const GRAVITY: Readonly<Record<CertStatus['status'], number>> = { good: 0, unknown: 1, revoked: 2 };

function nameOf({ issuer, serialNumber }: CertIdKey): string {
  return issuer + serialNumber;
}
