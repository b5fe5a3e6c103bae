import { equalBytes } from '@touchmark/der';
import { parseSeat, type Seat, SeatValue } from '@touchmark/status-list';
import { parseCertificate } from '@touchmark/x509';

import type { RevocationFinding } from '../finding.js';
import { questionBehind, type RevocationSource, type StatusQuestion } from '../revocation-source.js';
import { readStatusListToken, type StatusListToken } from './status-list-token.js';
import { type TokenRefusal, TokenRefused } from './token-refused.js';
import { TokenSigners } from './token-signers.js';
import type { TokenWhy } from './token-why.js';

export interface TokenStatusListSourceOptions {
  /** Base of the service's publication URLs, without a slash at its end: `sub` is `<publicUrl>/status-lists/<list id>`. */
  readonly publicUrl: string;
  /** Realm whose status keys are believed. */
  readonly realm: string;
  /** The CAs that certify status keys, DER: the infrastructure CA. Taken as they are: that they stand is for the caller to know. */
  readonly signerIssuers: readonly Uint8Array[];
  /** The service's trust anchors, DER: below any other, a number that looks like a seat is none. */
  readonly trustAnchors: readonly Uint8Array[];
  /** Seconds by which the CA's clock may differ from that of `at`; 60 if left out. */
  readonly maxClockSkew?: number;
  /** Lists that are kept, up to 256 KiB each; 1,024 if left out. */
  readonly maxLists?: number;
}

export type TokenAdded =
  | {
      readonly ok: true;
      readonly listId: number;
      /** Seconds after which the list may be fetched anew, if the token says so. */
      readonly ttl: number | undefined;
    }
  | { readonly ok: false; readonly why: TokenRefusal };

const DEFAULTS = { maxClockSkew: 60, maxLists: 1024 };

/**
 * Status by the Status List Tokens of a Touchmark service (`/status-lists/<id>`), for who follows no feed. The seat in a serial number
 * says where to look. The signer's own certificate has a seat as well, and the token of that list is needed, too: it is what ends a
 * stolen status key.
 */
export class TokenStatusListSource implements RevocationSource {
  readonly kind = 'token-status-list';
  private readonly listUriPrefix: string;
  private readonly signers: TokenSigners;
  private readonly anchorKeys: readonly Uint8Array[];
  private readonly maxClockSkew: number;
  private readonly maxLists: number;
  private readonly lists = new Map<number, StatusListToken>();
  private taken = 0;

  /** Throws X509Error for certificates that cannot be read, TypeError for other options that make no sense. */
  constructor(options: TokenStatusListSourceOptions) {
    const { publicUrl, realm, signerIssuers, trustAnchors, maxClockSkew, maxLists } = { ...DEFAULTS, ...options };
    if (![maxClockSkew, maxLists].every((value) => Number.isFinite(value) && value >= 0)) {
      throw new TypeError('bounds and times must be numbers from 0');
    }
    if (trustAnchors.length === 0) throw new TypeError('trustAnchors names nobody');
    this.listUriPrefix = `${publicUrl}/status-lists/`;
    this.signers = new TokenSigners(signerIssuers, realm);
    this.anchorKeys = trustAnchors.map((der) => parseCertificate(Uint8Array.from(der)).subjectPublicKeyInfo);
    this.maxClockSkew = maxClockSkew;
    this.maxLists = maxLists;
  }

  get changes(): number {
    return this.taken;
  }

  /** Takes a token, a JWT in compact form, if its signature and its signer hold. Its times are judged when it is asked for. */
  add(jwt: string): TokenAdded {
    try {
      const token = readStatusListToken(jwt, { listUriPrefix: this.listUriPrefix, signerOf: this.signers.signerOf });
      const standing = this.lists.get(token.listId);
      if (standing === undefined && this.lists.size >= this.maxLists) throw new TokenRefused('TOKEN_TOO_MANY_LISTS');
      if (standing !== undefined && !isNewer(token, standing)) throw new TokenRefused('TOKEN_OLDER_THAN_KNOWN');
      this.lists.set(token.listId, token);
      this.taken++;
      return { ok: true, listId: token.listId, ttl: token.ttl };
    } catch (error) {
      if (error instanceof TokenRefused) return { ok: false, why: error.why };
      throw error;
    }
  }

  find(asked: StatusQuestion): RevocationFinding {
    const { subject, path, at } = questionBehind(asked);
    const anchorKey = path[path.length - 1]?.certificate.subjectPublicKeyInfo;
    const ours = anchorKey !== undefined && this.anchorKeys.some((key) => equalBytes(key, anchorKey));
    const seat = ours ? parseSeat(subject.certificate.serialNumber) : undefined;
    const token = seat && this.lists.get(seat.listId);
    if (seat === undefined || token === undefined) return { status: 'unknown', because: 'absent' };
    if (seat.index >= token.size) return unknown('absent', 'TOKEN_SEAT_BEYOND_LIST');
    const value = token.seats.get(seat.index);
    // Invalid is for ever, and what was held stays so until somebody says otherwise: both however old that is.
    if (value === SeatValue.invalid) return { status: 'revoked' };
    if (value === SeatValue.suspended) return { status: 'suspended' };
    return this.flawOf(token, at) ?? this.flawOfSigner(token, at) ?? { status: 'good' };
  }

  private flawOf({ iat, exp, signer }: StatusListToken, at: number): RevocationFinding | undefined {
    const { notBefore, notAfter } = signer.certificate;
    if (Math.max(iat, notBefore) > at + this.maxClockSkew) return unknown('stale', 'TOKEN_NOT_YET_VALID');
    return at > Math.min(exp, notAfter) + this.maxClockSkew ? unknown('stale', 'TOKEN_STALE') : undefined;
  }

  /** The token that speaks of its own signer is enough: only the key's holder and the CA could have made it. */
  private flawOfSigner({ signer }: StatusListToken, at: number): RevocationFinding | undefined {
    const seat: Seat | undefined = parseSeat(signer.certificate.serialNumber);
    const token = seat && this.lists.get(seat.listId);
    if (seat === undefined || token === undefined || seat.index >= token.size) {
      return unknown('unusable', 'TOKEN_SIGNER_STATUS_UNKNOWN');
    }
    if (token.seats.get(seat.index) !== SeatValue.valid) return unknown('unusable', 'TOKEN_SIGNER_REVOKED');
    return this.flawOf(token, at) === undefined ? undefined : unknown('stale', 'TOKEN_SIGNER_STATUS_UNKNOWN');
  }
}

/** Of two of one second, the one that withdraws more: seats that came back then come back with the next. */
function isNewer(token: StatusListToken, standing: StatusListToken): boolean {
  if (token.iat !== standing.iat) return token.iat > standing.iat;
  return withdrawn(token) > withdrawn(standing);
}

function withdrawn({ seats }: StatusListToken): number {
  return [...seats.nonValid()].length;
}

function unknown(because: 'absent' | 'stale' | 'unusable', why: TokenWhy): RevocationFinding {
  return { status: 'unknown', because, why };
}
