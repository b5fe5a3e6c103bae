import { equalBytes, toHex } from '@touchmark/der';
import { hash } from 'node:crypto';
import type { CertStatus } from '@touchmark/x509';

import type { PathCertificate } from '../../path/path-certificate.js';
import { type CertIdKey, nameOf } from './cert-id-key.js';

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

/** Delegates whose answers about one certificate are kept beside each other and the issuer's own: an issuer has one or two. */
const MAX_DELEGATES = 3;

/** The latest answer of each signer about one certificate: what a delegate says takes nothing away, since it may be worth nothing. */
interface Entry {
  readonly bySigner: Map<string, OcspAnswer>;
  /** Somebody was asked about it, so that it is not only there because a response had it. */
  asked: boolean;
}

/**
 * The answers about as many certificates as fit. Those that nobody asked about go first and never displace another; then the one that
 * was not renewed for longest and is not revoked.
 */
export class OcspAnswers {
  private readonly limit: number;
  private readonly byKey = new Map<string, Entry>();

  constructor(limit: number) {
    this.limit = limit;
  }

  of(key: CertIdKey, issuerKey: Uint8Array): readonly OcspAnswer[] {
    const answers = this.byKey.get(nameOf(key))?.bySigner.values() ?? [];
    return [...answers].filter((answer) => equalBytes(answer.issuerKey, issuerKey));
  }

  /** `isAsked`: a question is about this certificate. `full` if there is no room for what nobody asked about. */
  put(key: CertIdKey, answer: OcspAnswer, isAsked: boolean): 'news' | 'known' | 'full' {
    const name = nameOf(key);
    const entry = this.byKey.get(name) ?? { bySigner: new Map<string, OcspAnswer>(), asked: false };
    const isNew = !this.byKey.has(name);
    if (isNew && !isAsked && this.byKey.size >= this.limit) return 'full';
    const signer = signerIn(answer);
    const standing = entry.bySigner.get(signer);
    if (standing !== undefined && !isBetter(answer, standing)) return 'known';
    entry.asked ||= isAsked;
    entry.bySigner.delete(signer);
    entry.bySigner.set(signer, answer);
    dropDelegates(entry);
    this.byKey.delete(name);
    this.byKey.set(name, entry);
    if (this.byKey.size > this.limit) this.dropOne(name);
    return 'news';
  }

  private dropOne(except: string): void {
    let first: string | undefined;
    for (const [name, entry] of this.byKey) {
      if (name === except) continue;
      if (!entry.asked) {
        this.byKey.delete(name);
        return;
      }
      first ??= name;
    }
    for (const [name, entry] of this.byKey) {
      if (name === except || isRevoked(entry)) continue;
      this.byKey.delete(name);
      return;
    }
    this.byKey.delete(first ?? except);
  }
}

function dropDelegates({ bySigner }: Entry): void {
  const delegates = [...bySigner].filter(([, { delegate }]) => delegate !== undefined);
  if (delegates.length <= MAX_DELEGATES) return;
  const [oldest] = delegates.toSorted(
    ([, a], [, b]) => Number(a.certStatus.status === 'revoked') - Number(b.certStatus.status === 'revoked'),
  );
  if (oldest !== undefined) bySigner.delete(oldest[0]);
}

function isRevoked({ bySigner }: Entry): boolean {
  return [...bySigner.values()].some(({ certStatus }) => certStatus.status === 'revoked');
}

function signerIn({ delegate, issuerKey }: OcspAnswer): string {
  return delegate === undefined ? toHex(issuerKey) : hash('sha256', delegate.certificate.der, 'hex');
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
