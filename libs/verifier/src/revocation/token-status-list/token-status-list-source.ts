import { equalBytes } from '@touchmark/der';
import { parseSeat, SeatValue } from '@touchmark/status-list';
import { parseCertificate } from '@touchmark/x509';

import { ABSENT, GOOD, type RevocationFinding, unknown } from '../finding.js';
import { questionBehind, type RevocationSource, type StatusQuestion } from '../revocation-source.js';
import { sourceOption } from '../source-options.js';
import { readStatusListToken } from './status-list-token.js';
import { TokenLists } from './token-lists.js';
import { type TokenRefusal, TokenRefused } from './token-refused.js';
import { TokenSigners } from './token-signers.js';

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
  /** Lists that are kept, up to 256 KiB for each status key that signs them; 1,024 if left out. */
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

/**
 * Status by the Status List Tokens of a Touchmark service (`/status-lists/<id>`), for who follows no feed. The seat in a serial number
 * says where to look. The signer's own certificate has a seat as well, and the token of that list is needed, too: it is what ends a
 * stolen status key, which from then on says nothing more, least of all about itself.
 */
export class TokenStatusListSource implements RevocationSource {
  readonly kind = 'token-status-list';
  private readonly listUriPrefix: string;
  private readonly signers: TokenSigners;
  private readonly anchorKeys: readonly Uint8Array[];
  private readonly maxLists: number;
  private readonly lists: TokenLists;
  private taken = 0;

  /** Throws X509Error for certificates that cannot be read, TypeError for other options that make no sense. */
  constructor(options: TokenStatusListSourceOptions) {
    const { publicUrl, realm, signerIssuers, trustAnchors, maxClockSkew, maxLists } = options;
    this.lists = new TokenLists(sourceOption.number('maxClockSkew', maxClockSkew, 60));
    this.maxLists = sourceOption.number('maxLists', maxLists, 1024);
    if (trustAnchors.length === 0) throw new TypeError('trustAnchors names nobody');
    this.listUriPrefix = `${publicUrl}/status-lists/`;
    this.signers = new TokenSigners(signerIssuers, realm);
    this.anchorKeys = trustAnchors.map((der) => parseCertificate(Uint8Array.from(der)).subjectPublicKeyInfo);
  }

  get changes(): number {
    return this.taken;
  }

  /** Takes a token, a JWT in compact form, if its signature and its signer hold. Its times are judged when it is asked for. */
  add(jwt: string): TokenAdded {
    try {
      const token = readStatusListToken(jwt, { listUriPrefix: this.listUriPrefix, signerOf: this.signers.signerOf });
      if (token.iat > token.signer.certificate.notAfter) throw new TokenRefused('TOKEN_CLAIMS_REFUSED');
      if (this.lists.standingOf(token.signer, Number.POSITIVE_INFINITY) === 'lost') {
        throw new TokenRefused('TOKEN_SIGNER_REVOKED');
      }
      if (!this.lists.has(token.listId) && this.lists.size >= this.maxLists) {
        throw new TokenRefused('TOKEN_TOO_MANY_LISTS');
      }
      if (!this.lists.put(token)) throw new TokenRefused('TOKEN_OLDER_THAN_KNOWN');
      this.taken++;
      return { ok: true, listId: token.listId, ttl: token.ttl };
    } catch (error) {
      if (error instanceof TokenRefused) return { ok: false, why: error.why };
      throw error;
    }
  }

  find(asked: StatusQuestion): RevocationFinding {
    const { subject, path, at } = questionBehind(asked);
    this.lists.noteTime(at);
    const anchorKey = path[path.length - 1]?.certificate.subjectPublicKeyInfo;
    const ours = anchorKey !== undefined && this.anchorKeys.some((key) => equalBytes(key, anchorKey));
    const seat = ours ? parseSeat(subject.certificate.serialNumber) : undefined;
    if (seat === undefined) return ABSENT;
    // Invalid is for ever, whoever said so while they might.
    if (this.lists.isInvalid(seat.listId, seat.index)) return { status: 'revoked' };
    const token = this.lists.tokenOf(seat.listId, at);
    if (token === undefined) return ABSENT;
    if (token === 'lost') return unknown('unusable', 'TOKEN_SIGNER_REVOKED');
    if (token === 'ahead') return unknown('absent', 'TOKEN_NOT_YET_VALID');
    if (seat.index >= token.size) return unknown('absent', 'TOKEN_SEAT_BEYOND_LIST');
    // What was held stays so until somebody says otherwise, however old that is.
    if (token.seats.get(seat.index) !== SeatValue.valid) return { status: 'suspended' };
    const standing = this.lists.standingOf(token.signer, at);
    if (standing === 'unknown') return unknown('unusable', 'TOKEN_SIGNER_STATUS_UNKNOWN');
    if (this.lists.isOver(token, at)) return unknown('stale', 'TOKEN_STALE');
    return standing === 'good' ? GOOD : unknown('stale', 'TOKEN_SIGNER_STATUS_UNKNOWN');
  }
}
