import { equalBytes } from '@touchmark/der';
import {
  type Applied,
  JournalFollower,
  type JournalPosition,
  parseSeat,
  type Seat,
  seatValueName,
  type SignedClaim,
  type SignerRecord,
  StatusListError,
} from '@touchmark/status-list';
import { type Certificate, parseCertificate, X509Error } from '@touchmark/x509';

import { FeedError } from '../feed-error.js';
import type { CertificateStatus, StatusPort } from '../revocation/status-port.js';
import type { SignerIssuers } from './signer-issuers.js';
import { StatusSigners } from './status-signers.js';

export interface StatusStateOptions {
  readonly trustAnchors: readonly Certificate[];
  /** Issuing CAs that are known without the feed. */
  readonly intermediates: readonly Certificate[];
  readonly realm: string;
  readonly issuers: SignerIssuers;
  /** UTC seconds. */
  readonly now: () => number;
  readonly maxAge: number;
  /** Seconds that signed times may lie ahead of ours. */
  readonly maxClockSkew: number;
}

/** All that is proven about status, and how old the proof is. It moves forward or not at all, whoever brings the messages. */
export class StatusState implements StatusPort {
  private readonly options: StatusStateOptions;
  private readonly signers: StatusSigners;
  private readonly follower: JournalFollower;
  private readonly byDer = new Map<string, Certificate>();
  private issuers: readonly Certificate[];
  private judging: 'news' | 'kept' | 'proof' = 'news';
  /** undefined while nothing is known. One object for each change, so that it can be handed out. */
  position: JournalPosition | undefined;
  /** Counts what may have changed seats: while it stands, so does what was read of them. */
  changes = 0;

  constructor(options: StatusStateOptions) {
    this.options = options;
    this.issuers = options.intermediates;
    this.signers = new StatusSigners(options);
    this.follower = new JournalFollower({ verify: this.signers.verify, admit: (claim) => this.admit(claim) });
  }

  /** CA certificates: those given and those of the last snapshot. The same objects as long as they are the same octets. */
  get intermediates(): readonly Certificate[] {
    return this.issuers;
  }

  /** What proves who has this key; undefined if it is no signer's that is known. */
  signerRecord(keyId: Uint8Array): SignerRecord | undefined {
    return this.signers.recordOf(keyId);
  }

  /** See {@link StatusSigners.add}. */
  addSigner(record: SignerRecord): boolean {
    return this.signers.add(record, this.options.now());
  }

  /** See {@link StatusSigners.trust}. */
  trust(issuers: SignerIssuers): void {
    this.signers.trust(issuers);
  }

  /**
   * Takes a signed message as it arrives. Throws StatusListError with the codes of JournalFollower, and FeedError SIGNER_REFUSED or
   * TIME_AHEAD; then nothing has changed.
   */
  apply(message: Uint8Array): Applied {
    const applied = this.follower.apply(message);
    if (applied.type === 'snapshot') this.issuers = this.readIssuers();
    if (applied.type !== 'head') this.changes += 1;
    this.position = Object.freeze(applied.position);
    return applied;
  }

  /**
   * The same for a message that was kept. Its time was looked at when it came; a clock that has lost its time since must not make
   * it forgotten. That it cannot be used before the clock is right again, `isStale` sees to.
   */
  applyKept(message: Uint8Array): Applied {
    return this.judgingAs('kept', () => this.apply(message));
  }

  /** Whether these messages, a snapshot that is news and batches that were kept, prove the seats that are known, no more and no less. */
  isProvenBy(messages: readonly Uint8Array[]): boolean {
    try {
      return this.judgingAs('proof', () => this.follower.isProvenBy(messages));
    } catch (error) {
      if (error instanceof StatusListError || error instanceof FeedError) return false;
      throw error;
    }
  }

  /** Whether what is known is too old at this time, lies ahead of it, or is nothing. */
  isStale(now: number): boolean {
    const { position } = this;
    if (position === undefined) return true;
    const age = now - position.asOf;
    // Written so that a clock which answers NaN is stale.
    return !(age <= this.options.maxAge && age >= -this.options.maxClockSkew);
  }

  statusOf(issuerSpkiSha256: Uint8Array, serialNumber: Uint8Array): CertificateStatus {
    const seat = parseSeat(serialNumber);
    return seat === undefined ? 'unknown' : this.statusOfSeat(issuerSpkiSha256, seat);
  }

  statusOfSeat(issuerSpkiSha256: Uint8Array, seat: Seat): CertificateStatus {
    const value = this.follower.lookup(issuerSpkiSha256, seat);
    return value === 'unknown' ? value : seatValueName(value);
  }

  private judgingAs<T>(what: StatusState['judging'], judge: () => T): T {
    this.judging = what;
    try {
      return judge();
    } finally {
      this.judging = 'news';
    }
  }

  private admit(claim: SignedClaim): void {
    const { now, maxAge, maxClockSkew } = this.options;
    const isNews = this.judging === 'news' || (this.judging === 'proof' && claim.type === 'snapshot');
    if (isNews && !((claim.time ?? 0) - now() <= maxClockSkew)) throw new FeedError('TIME_AHEAD');
    // What cannot be fresh any more by who signed it need not come from the network: an old key could make up the first snapshot.
    this.signers.check(claim, isNews ? now() - maxAge - maxClockSkew : Number.NEGATIVE_INFINITY);
  }

  // They are hints: each must still lead to a trust anchor. One that cannot be read is nobody's issuer.
  private readIssuers(): readonly Certificate[] {
    const found = this.follower.certificates.flatMap((der) => {
      const name = Buffer.from(der).toString('latin1');
      const known = this.byDer.get(name) ?? readCertificate(der);
      if (known !== undefined) this.byDer.set(name, known);
      return known ?? [];
    });
    for (const [name, certificate] of this.byDer) if (!found.includes(certificate)) this.byDer.delete(name);
    const given = this.options.intermediates;
    return [...given, ...found.filter(({ der }) => !given.some((own) => equalBytes(own.der, der)))];
  }
}

function readCertificate(der: Uint8Array): Certificate | undefined {
  try {
    return parseCertificate(der);
  } catch (error) {
    if (error instanceof X509Error) return undefined;
    throw error;
  }
}
