import { type KeyObject, verify } from 'node:crypto';

import { toHex } from '@touchmark/der';
import { parseSeat, SeatValue, type SignedClaim, type SignerRecord } from '@touchmark/status-list';
import { type Certificate, spkiSha256, type SubjectPublicKeyInfo, X509Error } from '@touchmark/x509';

import { VerifierError } from '../error.js';
import { FeedError } from '../feed-error.js';
import { type PathCertificate, readPathCertificate } from '../path/path-certificate.js';
import { findPath } from '../path/find-path.js';
import { bySeat } from '../revocation/seat-source.js';
import type { StatusPort } from '../revocation/status-port.js';
import type { SignerIssuers } from './signer-issuers.js';
import { isStatusKey } from './status-key.js';

/** Status keys remembered at most. A service has one for each start of a CA process, and for each half of its certificate's life. */
const MAX_SIGNERS = 256;
/** Seconds that a certificate may begin before it is made. Ours begin an hour before; clocks may differ. */
const MAX_BACKDATE = 7200;
const DIGESTS: Partial<Record<SubjectPublicKeyInfo['kind'], string | null>> = {
  'EC P-256': 'sha256',
  'EC P-384': 'sha384',
  Ed25519: null,
};
// What the seats say is asked of every message anew, when they are known.
const seatsLater: StatusPort = { statusOf: () => 'valid' };

interface Signer {
  readonly record: SignerRecord;
  readonly key: KeyObject;
  readonly digest: string | null;
  readonly issuer: PathCertificate;
  /** The time that all certificates of the path share, UTC seconds, inclusive. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Issuing key, serialNumber and notBefore of every certificate below the trust anchor. */
  readonly seats: readonly {
    readonly issuerKeyId: Uint8Array;
    readonly serialNumber: Uint8Array;
    readonly notBefore: number;
  }[];
}

export interface StatusSignersOptions {
  readonly trustAnchors: readonly Certificate[];
  readonly intermediates: readonly Certificate[];
  /** Whose status keys are believed. */
  readonly realm: string;
  /** Who certifies them. */
  readonly issuers: SignerIssuers;
}

/**
 * The keys that may sign status: those with a certificate that comes from one of the named issuers and leads to a trust anchor, names
 * `spiffe://<realm>/status/<name>`, has digitalSignature and no extKeyUsage, below CAs that have none either: one that is bounded to
 * TLS certifies no status key.
 */
export class StatusSigners {
  private readonly options: StatusSignersOptions;
  private readonly signers = new Map<string, Signer>();
  private issuers: SignerIssuers;

  constructor(options: StatusSignersOptions) {
    this.options = options;
    this.issuers = options.issuers;
  }

  /** Goes by other issuers from now on, for the signers that are known, too. */
  trust(issuers: SignerIssuers): void {
    this.issuers = issuers;
    for (const [name, { issuer }] of this.signers) if (!issuers.has(issuer)) this.signers.delete(name);
  }

  recordOf(keyId: Uint8Array): SignerRecord | undefined {
    return this.signers.get(toHex(keyId))?.record;
  }

  /**
   * Takes a signer's certificate, whoever brings it; true if it was not known. Its dates are not held against the clock here but
   * against the times that it signs. Throws FeedError SIGNER_REFUSED with what is wrong as its cause.
   */
  add(record: SignerRecord, now: number): boolean {
    const known = [...this.signers.values()].some(
      (signer) => Buffer.compare(signer.record.certificate, record.certificate) === 0,
    );
    if (known) return false;
    const { certificate, issuerCertificate } = record;
    // What is kept must not hold on to the octets it came in.
    const own = { certificate: Uint8Array.from(certificate), issuerCertificate: Uint8Array.from(issuerCertificate) };
    const [name, signer] = this.read(own, now);
    const standing = this.signers.get(name);
    if (standing !== undefined && standing.notAfter >= signer.notAfter) return false;
    this.signers.delete(name);
    this.signers.set(name, signer);
    const [oldest] = this.signers.keys();
    if (oldest !== undefined && this.signers.size > MAX_SIGNERS) this.signers.delete(oldest);
    return true;
  }

  /** The follower's question; undefined for a key that is none of these. */
  readonly verify = (keyId: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean | undefined => {
    const signer = this.signers.get(toHex(keyId));
    return signer === undefined ? undefined : verify(signer.digest, data, signer.key, signature);
  };

  /**
   * Whether the signer may say this. What it says lies within the dates of its certificates, by the time that it claims and by the
   * latest that is proven, and they are valid in the state that it proves. A batch has no time: it is as old as what it continues.
   * It may end its own signer, and may make its seat known. A seat that is known to be lost, be it with its whole list, is not
   * regained by anything that its key signs; one that is not known must be newer than what is. A signer that had ended by
   * `notEndedBefore`, our time, brings no news. Throws FeedError SIGNER_REFUSED.
   */
  check(claim: SignedClaim, notEndedBefore: number): void {
    const signer = this.signers.get(toHex(claim.keyId));
    const { time = Number.POSITIVE_INFINITY, provenAt = 0 } = claim;
    const latest = Math.max(claim.time ?? 0, provenAt);
    const speaks = signer !== undefined && time >= signer.notBefore && latest <= signer.notAfter;
    if (!speaks || signer.notAfter < notEndedBefore) throw new FeedError('SIGNER_REFUSED');
    for (const { issuerKeyId, serialNumber, notBefore } of signer.seats) {
      const seat = parseSeat(serialNumber);
      const before = seat === undefined ? 'unknown' : claim.before(issuerKeyId, seat);
      const after = seat === undefined ? 'unknown' : claim.after(issuerKeyId, seat);
      // All seats that were given until then are known, or were.
      const isNew = before === 'unknown' && notBefore + MAX_BACKDATE >= provenAt;
      const enough = after === SeatValue.valid || (claim.type === 'batch' && before === SeatValue.valid);
      if (!(before === SeatValue.valid || isNew) || !enough) throw new FeedError('SIGNER_REFUSED');
    }
  }

  private read(record: SignerRecord, now: number): [name: string, signer: Signer] {
    try {
      // The cheapest question first: this may go on all day.
      if (!this.issuers.has(readPathCertificate(record.issuerCertificate, 1))) throw new FeedError('SIGNER_REFUSED');
      const path = this.pathOf(record, now);
      const [leaf, issuer] = path;
      if (issuer === undefined || !this.issuers.has(issuer)) throw new FeedError('SIGNER_REFUSED');
      const digest = leaf === undefined ? undefined : DIGESTS[leaf.key.kind];
      if (leaf === undefined || digest === undefined || !isStatusKey(leaf, this.options.realm))
        throw new FeedError('SIGNER_REFUSED');
      if (path.some(({ extKeyUsage }) => extKeyUsage !== undefined)) throw new FeedError('SIGNER_REFUSED');
      const seats = path.slice(0, -1).map(({ certificate }, depth) => ({
        issuerKeyId: path[depth + 1]?.spkiSha256 ?? new Uint8Array(),
        serialNumber: certificate.serialNumber,
        notBefore: certificate.notBefore,
      }));
      const notBefore = Math.max(...path.map(({ certificate }) => certificate.notBefore));
      const notAfter = Math.min(...path.map(({ certificate }) => certificate.notAfter));
      const keyId = toHex(spkiSha256(leaf.certificate.subjectPublicKeyInfo));
      return [keyId, { record, key: leaf.keyObject, digest, issuer, notBefore, notAfter, seats }];
    } catch (error) {
      if (error instanceof VerifierError || error instanceof X509Error)
        throw new FeedError('SIGNER_REFUSED', { cause: error });
      throw error;
    }
  }

  private pathOf(record: SignerRecord, now: number): readonly PathCertificate[] {
    const { trustAnchors, intermediates } = this.options;
    const request = {
      chain: [record.certificate, record.issuerCertificate],
      trustAnchors,
      intermediates,
      purpose: 'any',
      requireExtKeyUsage: false,
      revocation: bySeat(seatsLater),
    } as const;
    try {
      return findPath({ ...request, at: now }).path;
    } catch (error) {
      if (!(error instanceof VerifierError)) throw error;
      const { detail } = error;
      // A clock that is wrong, or news of last month: any moment of its life will do to see that it was issued.
      if (detail.code === 'CERT_EXPIRED') return findPath({ ...request, at: detail.notAfter }).path;
      if (detail.code === 'CERT_NOT_YET_VALID') return findPath({ ...request, at: detail.notBefore }).path;
      throw error;
    }
  }
}
