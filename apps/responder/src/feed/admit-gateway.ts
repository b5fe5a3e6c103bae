import { hash } from 'node:crypto';
import { bySeat, type Identity, readIdentity, VerifierError, verifyPath } from '@touchmark/verifier';
import type { PublishedAuthority } from '@touchmark/store';
import { type Certificate, parseCertificate, spkiSha256 } from '@touchmark/x509';
import type { ResolvedSeat, SeatStatus } from '../status-view/seat-status.js';
import { FeedRefusedError } from './feed-refused-error.js';

/** Who follows: a certificate that was judged, and what it hangs on. */
export interface Gateway {
  readonly kind: 'gateway' | 'service';
  readonly name: string;
  /** SHA-256 of the certificate, hex. */
  readonly fingerprint: string;
  /** UTC seconds at which the first certificate of the path ends. */
  readonly notAfter: number;
  readonly seats: readonly ResolvedSeat[];
}

export interface AdmitGatewayOptions {
  readonly realm: string;
  readonly seatStatus: SeatStatus;
  /** Whether what is known of seats is young enough to be relied on. */
  readonly isProven: () => boolean;
  /** UTC seconds. */
  readonly now: () => number;
}

/**
 * Who may follow: a gateway or service of the realm, on a path to the infrastructure CA and to nothing above it, so that no
 * device's certificate opens the feed; with a seat that is valid now.
 */
export class AdmitGateway {
  private readonly options: AdmitGatewayOptions;
  private anchors: readonly Certificate[] = [];

  constructor(options: AdmitGatewayOptions) {
    this.options = options;
  }

  load(authorities: readonly PublishedAuthority[]): void {
    this.anchors = authorities.flatMap(({ kind, certificate }) =>
      kind === 'infrastructure' ? [parseCertificate(certificate)] : [],
    );
  }

  /** `chain`: DER, end entity first, as the TLS client sent it. Throws FeedRefusedError. */
  run(chain: readonly Uint8Array[]): Gateway {
    const { seatStatus, isProven, now } = this.options;
    if (chain.length === 0) throw new FeedRefusedError('CERTIFICATE_MISSING');
    if (!isProven()) throw new FeedRefusedError('STATUS_NOT_PROVEN');
    const result = verifyPath({
      chain,
      trustAnchors: this.anchors,
      intermediates: [],
      at: now(),
      purpose: 'client',
      requireExtKeyUsage: true,
      revocation: bySeat(seatStatus),
    });
    if (!result.ok) throw new FeedRefusedError(result.error.code, { cause: result.error });
    const identity = identityOf(result.leaf);
    if (identity?.kind !== 'gateway' && identity?.kind !== 'service')
      throw new FeedRefusedError('CERTIFICATE_NOT_GATEWAY');
    if (identity.realm !== this.options.realm) throw new FeedRefusedError('REALM_FOREIGN');
    return {
      kind: identity.kind,
      name: identity.name,
      fingerprint: hash('sha256', result.leaf.der, 'hex'),
      notAfter: Math.min(...result.path.map(({ notAfter }) => notAfter)),
      seats: this.seatsOf(result.path),
    };
  }

  /** Why somebody who was admitted is no longer; undefined while nothing changed for the worse. */
  refusalOf({ notAfter, seats }: Gateway): FeedRefusedError | undefined {
    if (this.options.now() > notAfter) return new FeedRefusedError('CERT_EXPIRED');
    for (const seat of seats) {
      switch (this.options.seatStatus.statusOfSeat(seat)) {
        case 'valid':
          break;
        case 'invalid':
          return new FeedRefusedError('CERT_REVOKED');
        case 'suspended':
          return new FeedRefusedError('CERT_SUSPENDED');
        case 'unknown':
          return new FeedRefusedError('STATUS_UNKNOWN');
      }
    }
    return undefined;
  }

  /** Of every certificate below the anchor. */
  private seatsOf(path: readonly Certificate[]): ResolvedSeat[] {
    return path.slice(0, -1).map((certificate, depth) => {
      const issuer = path[depth + 1];
      const seat =
        issuer && this.options.seatStatus.resolve(spkiSha256(issuer.subjectPublicKeyInfo), certificate.serialNumber);
      if (!seat) throw new FeedRefusedError('STATUS_UNKNOWN');
      return seat;
    });
  }
}

/** One and the same for all certificates of a gateway or service: renewed ones do not get it more. */
export const identityKey = ({ kind, name }: Pick<Gateway, 'kind' | 'name'>): string => `${kind}/${name}`;

function identityOf(leaf: Certificate): Identity | undefined {
  try {
    return readIdentity(leaf);
  } catch (error) {
    if (error instanceof VerifierError) throw new FeedRefusedError(error.code, { cause: error });
    throw error;
  }
}
