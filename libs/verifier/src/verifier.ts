import { type Certificate, parseCertificate } from '@touchmark/x509';

import { CertificateJudge } from './certificate-judge.js';
import type { DeviceNames } from './device-names.js';
import { VerifierError } from './error.js';
import { checkFeedTls, feedUrl, type FeedTls } from './feed/feed-request.js';
import type { KnownPath } from './path/known-paths.js';
import { PolicyError } from './policy-error.js';
import { realmOf, SignerIssuers } from './status/signer-issuers.js';
import { StatusKeeper } from './status/status-keeper.js';
import { StatusState } from './status/status-state.js';
import { TrackedConnections } from './track/tracked-connections.js';
import { SourceWatch } from './revocation/source-watch.js';
import { TrustAnchors } from './trust-anchors.js';
import type { VerifierEvent } from './verifier-event.js';
import { completeOptions, type CompleteOptions, type VerifierOptions } from './verifier-options.js';

export interface VerifyOptions {
  /** UTC seconds; fractions are cut off. Dates are judged by it. */
  readonly at: number;
  readonly purpose: 'client' | 'server';
  /** `server` only: the DNS name or IP address that was asked for. Without it, any server of ours is accepted. */
  readonly serverName?: string;
}

/** Octets in it are shared by all answers about the same certificate: do not write to them. */
export interface Accepted {
  readonly ok: true;
  /** Who it is, by the SPIFFE URI alone; undefined for gateways, services and servers. */
  readonly device?: { readonly realm: string; readonly model: string; readonly deviceSerial: string };
  /** By what names a vendor's certificate calls it, below an anchor with `identity: 'any'`. Never one of our devices. */
  readonly names?: DeviceNames;
  readonly certificate: {
    /** INTEGER content octets. */
    readonly serialNumber: Uint8Array;
    /** UTC seconds, inclusive. */
    readonly notAfter: number;
    readonly sha256: Uint8Array;
  };
  /** DER, from the end entity to the trust anchor. */
  readonly path: readonly Uint8Array[];
  /** The position that says so, and when that was last proven to be all there is. */
  readonly status: { readonly epoch: number; readonly sequence: number; readonly asOf: number };
}

export interface Refused {
  readonly ok: false;
  /** VerifierError: nobody is proven to be there. PolicyError: somebody is, and is refused. */
  readonly error: VerifierError | PolicyError;
}

export interface VerifierStatus {
  /** 0, like the others, while nothing is known. */
  readonly epoch: number;
  readonly sequence: number;
  /** UTC seconds. */
  readonly asOf: number;
  readonly stale: boolean;
}

const NOTHING = Object.freeze({ epoch: 0, sequence: 0, asOf: 0 });
const TICK_MS = 1000;

/** Verifies certificates by what is proven about their status, follows the news, and ends connections whose certificate fell. */
export class Verifier {
  private readonly options: CompleteOptions;
  private readonly state: StatusState;
  private readonly judge: CertificateJudge;
  private readonly keeper: StatusKeeper;
  private readonly connections: TrackedConnections;
  private readonly sources: SourceWatch;
  private readonly ticking: NodeJS.Timeout;
  /** What was told last; nothing is told before the Verifier is open. */
  private wasStale: boolean | undefined;

  private constructor(options: CompleteOptions) {
    this.options = options;
    const { now, status, maxKnownCertificates } = options;
    const intermediates = (options.intermediates ?? []).map(readAuthority);
    const { maxAge, whenStale, maxClockSkew, source } = status;
    const realm = status.realm ?? realmOf(source.tls);
    const trustAnchors = new TrustAnchors(options.trustAnchors, realm);
    const issuers = new SignerIssuers(status.signerIssuers, source.tls);
    this.state = new StatusState({
      trustAnchors: trustAnchors.seated,
      intermediates,
      realm,
      issuers,
      now,
      maxAge,
      maxClockSkew,
    });
    this.judge = new CertificateJudge({
      trustAnchors,
      state: this.state,
      now,
      maxAge,
      whenStale,
      maxKnownCertificates,
      onAcceptedStale: ({ certificate: { sha256 } }) =>
        this.tell({ type: 'accepted-while-stale', asOf: this.status().asOf, sha256 }),
      onSourceFailed: (cause) => this.tell({ type: 'source-failed', cause }),
    });
    this.connections = new TrackedConnections({
      judge: (standing) => this.judge.whyNot(standing),
      onEnded: (code) => this.tell({ type: 'connection-ended', code }),
      onFailed: (cause) => this.tell({ type: 'connection-failed', cause }),
    });
    this.keeper = new StatusKeeper({
      status,
      state: this.state,
      now,
      onApplied: (applied) => {
        if (applied.type === 'snapshot') this.connections.checkAll();
        if (applied.type === 'batch') this.connections.checkTouched(applied.entries);
        this.tell({ type: 'position', ...applied.position });
        this.watchAge();
      },
      onEvent: (event) => this.tell(event),
    });
    this.sources = new SourceWatch(trustAnchors.sources);
    this.ticking = setInterval(() => this.tick(), TICK_MS).unref();
  }

  /**
   * Loads the cache folder, verifies everything in it like news, and begins to follow the feed. Resolves at once if what was kept is
   * young enough, else after the first news or the first attempt that failed; then everything is refused with STATUS_STALE until
   * there is news. Rejects with TypeError, and with what the readers of certificates and PEM throw, for options that cannot be used.
   */
  static async open(options: VerifierOptions): Promise<Verifier> {
    const complete = completeOptions(options);
    feedUrl(complete.status.source.url);
    checkFeedTls(complete.status.source.tls);
    const verifier = new Verifier(complete);
    await verifier.keeper.start();
    verifier.tellAge();
    return verifier;
  }

  /**
   * Judges a chain, DER, end entity first; other certificates in it are hints, and issuing CAs that are known need not be there.
   * Synchronous, no I/O. Never throws for what is in the chain, only TypeError for what the caller did wrong, and what a source of the
   * caller's own throws.
   */
  verify(chain: readonly Uint8Array[], { at, purpose, serverName }: VerifyOptions): Accepted | Refused {
    if (!Number.isFinite(at)) throw new TypeError('at must be UTC seconds');
    if (purpose !== 'client' && purpose !== 'server') throw new TypeError('purpose must be client or server');
    if (serverName !== undefined && purpose !== 'server') throw new TypeError('serverName is for purpose server');
    try {
      return this.accepted(this.judge.judge(chain, { at: Math.floor(at), purpose, serverName }));
    } catch (error) {
      if (error instanceof VerifierError || error instanceof PolicyError) return { ok: false, error };
      throw error;
    }
  }

  /**
   * Destroys the connection as soon as its certificate, or a CA above it, is revoked, suspended, unknown or over, or knowledge is too
   * old under `deny`; at once if that is so already. Call the function it returns when the connection ends by itself. TypeError for
   * an answer that is not of this Verifier.
   */
  track(connection: { destroy(): void }, accepted: Accepted): () => void {
    const known = this.judge.pathOf(accepted.certificate);
    if (known === undefined) throw new TypeError('not an answer of this Verifier');
    return this.connections.add(connection, known);
  }

  /** How much is known, and whether that is too old by now. */
  status(): VerifierStatus {
    const { epoch, sequence, asOf } = this.state.position ?? NOTHING;
    return { epoch, sequence, asOf, stale: this.state.isStale(this.options.now()) };
  }

  /** Goes on with a renewed gateway certificate: connects with it at once. Throws for PEM that cannot be used, and keeps the old. */
  setTls(tls: FeedTls): void {
    checkFeedTls(tls);
    this.state.trust(new SignerIssuers(this.options.status.signerIssuers, tls));
    this.keeper.setTls(tls);
  }

  /** Stops following and writes what is known. Tracked connections are let go, not ended; `verify` goes on until knowledge is stale. */
  async close(): Promise<void> {
    clearInterval(this.ticking);
    await this.keeper.close();
  }

  private accepted(known: KnownPath): Accepted {
    const { device, deviceNames: names, certificate, path } = known;
    const status = this.state.position ?? NOTHING;
    if (device !== undefined) return { ok: true, device, certificate, path, status };
    return names === undefined
      ? { ok: true, certificate, path, status }
      : { ok: true, names, certificate, path, status };
  }

  private tick(): void {
    const now = this.options.now();
    this.connections.checkDates(now);
    if (this.sources.mayHaveChanged(now)) this.connections.checkAsked();
    this.watchAge();
  }

  private watchAge(): void {
    const { stale } = this.status();
    if (stale && this.options.status.whenStale === 'deny' && this.connections.size > 0) this.connections.checkAll();
    if (this.wasStale !== undefined && stale !== this.wasStale) this.tellAge();
  }

  private tellAge(): void {
    const { asOf, stale } = this.status();
    this.wasStale = stale;
    this.tell({ type: stale ? 'stale' : 'fresh', asOf });
  }

  // Whoever listens must not be able to stop what it listens to.
  private tell(event: VerifierEvent): void {
    const { onEvent } = this.options;
    if (onEvent === undefined) return;
    try {
      onEvent(event);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

function readAuthority(der: Uint8Array): Certificate {
  return parseCertificate(Uint8Array.from(der));
}
