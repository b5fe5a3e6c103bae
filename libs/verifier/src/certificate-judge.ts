import { VerifierError } from './error.js';
import {
  type AskedPath,
  type KnownPath,
  knownPathOf,
  KnownPaths,
  nameOfLeaf,
  type PathSeat,
  seatsOf,
} from './path/known-paths.js';
import { findPath, MAX_CERTIFICATE_OCTETS, recheckPath } from './path/find-path.js';
import type { PathCertificate } from './path/path-certificate.js';
import type { PathRequest } from './path/path-request.js';
import { PolicyError } from './policy-error.js';
import { matchesServerName } from './server-name.js';
import { bySeat } from './revocation/seat-source.js';
import type { StatusState } from './status/status-state.js';
import type { EndedBecause, Standing } from './track/tracked-connections.js';
import type { TrustAnchors } from './trust-anchors.js';

export interface Question {
  readonly at: number;
  readonly purpose: 'client' | 'server';
  readonly serverName: string | undefined;
}

export interface CertificateJudgeOptions {
  readonly trustAnchors: TrustAnchors;
  readonly state: StatusState;
  readonly now: () => number;
  readonly maxAge: number;
  readonly whenStale: 'deny' | 'allow';
  readonly maxKnownCertificates: number;
  /** A certificate is accepted though knowledge is too old. */
  readonly onAcceptedStale: (known: KnownPath) => void;
  /** A source of status threw when a path that was good was looked at again. */
  readonly onSourceFailed: (cause: unknown) => void;
}

/** Decides about certificates: path, status, identity, policy, in this order. */
export class CertificateJudge {
  private readonly options: CertificateJudgeOptions;
  private readonly byCertificate = new WeakMap<KnownPath['certificate'], KnownPath>();
  private readonly known: Readonly<Record<Question['purpose'], KnownPaths>>;

  constructor(options: CertificateJudgeOptions) {
    this.options = options;
    const { maxKnownCertificates } = options;
    this.known = { client: new KnownPaths(maxKnownCertificates), server: new KnownPaths(maxKnownCertificates) };
  }

  /** The path, or throws VerifierError or PolicyError. */
  judge(chain: readonly Uint8Array[], question: Question): KnownPath {
    const known = this.remembered(chain, question) ?? this.fromOctets(chain, question);
    this.checkPolicy(known, question);
    return known;
  }

  /** The path of an answer that was given. */
  pathOf(certificate: KnownPath['certificate']): KnownPath | undefined {
    return this.byCertificate.get(certificate);
  }

  /** What has changed for a path that was good; undefined if it is good still. */
  whyNot({ notBefore, notAfter, seats, asked }: Standing): EndedBecause | undefined {
    const { now, state } = this.options;
    const at = now();
    for (const { issuerKeyId, seat } of seats) {
      const status = state.statusOfSeat(issuerKeyId, seat);
      if (status === 'invalid') return 'CERT_REVOKED';
      if (status === 'suspended') return 'CERT_SUSPENDED';
      if (status === 'unknown' && asked === undefined) return 'STATUS_UNKNOWN';
    }
    if (asked !== undefined) return this.fallen(asked, at);
    if (at > notAfter) return 'CERT_EXPIRED';
    if (this.refusesForAge(at)) return 'STATUS_STALE';
    return at < notBefore ? 'CERT_NOT_YET_VALID' : undefined;
  }

  // Nobody waits for an answer here: what a caller's own source throws must not keep other connections from being looked at.
  private fallen(asked: AskedPath, at: number): EndedBecause | undefined {
    try {
      return endedBecause(this.flawOf(asked, at));
    } catch (cause) {
      this.options.onSourceFailed(cause);
      return 'STATUS_UNKNOWN';
    }
  }

  // Signatures that were good stay good. What may have changed is looked at anew, and if it has, the long way says what it is.
  private remembered(chain: readonly Uint8Array[], { at, purpose }: Question): KnownPath | undefined {
    const [leaf] = chain;
    if (leaf === undefined || leaf.length > MAX_CERTIFICATE_OCTETS) return undefined;
    const known = this.known[purpose].get(nameOfLeaf(leaf));
    if (known?.asked !== undefined) {
      return this.isOurs(known.seats) || this.flawOf(known.asked, at) !== undefined ? undefined : known;
    }
    if (known === undefined || !(at >= known.notBefore && at <= known.notAfter)) return undefined;
    const { state } = this.options;
    if (known.validAt === state.changes) return known;
    if (known.seats.some(({ issuerKeyId, seat }) => state.statusOfSeat(issuerKeyId, seat) !== 'valid'))
      return undefined;
    known.validAt = state.changes;
    return known;
  }

  private fromOctets(chain: readonly Uint8Array[], { at, purpose }: Question): KnownPath {
    const { trustAnchors, state } = this.options;
    try {
      const request = { chain, ...this.requestAt(at, purpose) };
      const path = this.ownFirst(findPath(request).path, request, purpose);
      const name = nameOfLeaf(path[0]?.certificate.der ?? new Uint8Array());
      const { identity, terms } = trustAnchors.of(path[path.length - 1]?.certificate);
      const asked = terms.revocation === undefined ? undefined : { path, purpose };
      const known = knownPathOf(path, name, state.changes, { identity, validity: terms.validity ?? 'now', asked });
      this.known[purpose].set(name, known);
      this.byCertificate.set(known.certificate, known);
      return known;
    } catch (error) {
      throw error instanceof VerifierError ? this.asPolicy(error) : error;
    }
  }

  /** The same path; of what is ours, the one below an anchor of ours: another CA that certifies ours says nothing about its seats. */
  private ownFirst(
    path: readonly PathCertificate[],
    request: PathRequest,
    purpose: Question['purpose'],
  ): readonly PathCertificate[] {
    const { trustAnchors } = this.options;
    const { terms } = trustAnchors.of(path[path.length - 1]?.certificate);
    if (terms.revocation === undefined || !this.isOurs(seatsOf(path))) return path;
    return findPath({ ...request, trustAnchors: trustAnchors.for(purpose).seated }).path;
  }

  /** Whether one of these seats is known, whatever its state: who has it is judged by it, whoever else vouches for them. */
  private isOurs(seats: readonly PathSeat[]): boolean {
    const { state } = this.options;
    return seats.some(({ issuerKeyId, seat }) => state.statusOfSeat(issuerKeyId, seat) !== 'unknown');
  }

  private requestAt(at: number, purpose: Question['purpose']): Omit<PathRequest, 'chain'> {
    const { state, trustAnchors } = this.options;
    return {
      trustAnchors: trustAnchors.for(purpose).all,
      intermediates: state.intermediates,
      at,
      purpose,
      requireExtKeyUsage: true,
      revocation: bySeat(state),
    };
  }

  /** What is wrong by now with a path that was good; undefined if nothing is. */
  private flawOf({ path, purpose }: AskedPath, at: number): VerifierError | undefined {
    try {
      recheckPath(path, this.requestAt(at, purpose));
      return undefined;
    } catch (error) {
      if (error instanceof VerifierError) return error;
      throw error;
    }
  }

  private checkPolicy(known: KnownPath, { purpose, serverName }: Question): void {
    if (purpose === 'client' && known.deviceNames === undefined && known.identity === undefined)
      throw new PolicyError({ code: 'IDENTITY_MISSING' });
    if (serverName !== undefined && !matchesServerName(known.names, serverName)) {
      throw new PolicyError({ code: 'SERVER_NAME_MISMATCH', serverName });
    }
    // How old the feed is says nothing about who has no seat.
    if (known.asked !== undefined) return;
    const at = this.options.now();
    if (!this.options.state.isStale(at)) return;
    if (this.options.whenStale === 'deny') throw this.stale(at);
    this.options.onAcceptedStale(known);
  }

  /** What holds a certificate back without making it less authentic is policy; not to know its status because of age is age. */
  private asPolicy(error: VerifierError): VerifierError | PolicyError {
    const { detail } = error;
    if (detail.code === 'CERT_SUSPENDED') {
      const { depth, serialNumber } = detail;
      return new PolicyError({ code: 'CERT_SUSPENDED', depth, serialNumber }, error);
    }
    const at = this.options.now();
    return detail.code === 'STATUS_UNKNOWN' && this.refusesForAge(at) ? this.stale(at, error) : error;
  }

  private refusesForAge(at: number): boolean {
    return this.options.whenStale === 'deny' && this.options.state.isStale(at);
  }

  private stale(now: number, cause?: unknown): PolicyError {
    const { state, maxAge } = this.options;
    return new PolicyError({ code: 'STATUS_STALE', asOf: state.position?.asOf ?? 0, maxAge, now }, cause);
  }
}

// Nothing of a path can change but its dates and its status; what else is wrong keeps the status from being known.
function endedBecause(flaw: VerifierError | undefined): EndedBecause | undefined {
  const code = flaw?.code;
  if (code === undefined) return undefined;
  if (code === 'CERT_REVOKED' || code === 'CERT_SUSPENDED') return code;
  return code === 'CERT_EXPIRED' || code === 'CERT_NOT_YET_VALID' ? code : 'STATUS_UNKNOWN';
}
