import { verify } from 'node:crypto';

import { decodeTokenStatusList, MAX_LIST_ID, type SeatBitmap, StatusListError } from '@touchmark/status-list';

import type { PathCertificate } from '../../path/path-certificate.js';
import { TokenRefused } from './token-refused.js';

/** A token whose signature holds, as its octets say. */
export interface StatusListToken {
  readonly listId: number;
  /** UTC seconds. */
  readonly iat: number;
  readonly exp: number;
  /** Seconds that one may wait before asking for the next. */
  readonly ttl: number | undefined;
  readonly seats: SeatBitmap;
  /** Seats that it says something about. */
  readonly size: number;
  readonly signer: PathCertificate;
}

export interface TokenTerms {
  /** What `sub` begins with: `<public URL>/status-lists/`. */
  readonly listUriPrefix: string;
  /** Whoever has this certificate, DER, if that is a status key; else undefined. */
  readonly signerOf: (certificate: Uint8Array) => PathCertificate | undefined;
}

/** A full list of 2^20 seats that nothing compresses, encoded twice by base64, and a certificate or two. */
const MAX_CHARACTERS = 524_288;
/** r and s (RFC 7518 3.4). */
const ES256_OCTETS = 64;
const CANONICAL_ID = /^(?:0|[1-9]\d{0,9})$/;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads and verifies a Status List Token in JWT form (draft-ietf-oauth-status-list 5.1) as a Touchmark CA signs it. Of a JSON member
 * that stands twice the last counts, and nobody but this reader decides what a token says (RFC 7515 4). Throws TokenRefused.
 */
export function readStatusListToken(jwt: string, { listUriPrefix, signerOf }: TokenTerms): StatusListToken {
  if (jwt.length > MAX_CHARACTERS) throw new TokenRefused('TOKEN_TOO_LARGE');
  const [header, payload, signature, ...more] = jwt.split('.');
  if (header === undefined || payload === undefined || signature === undefined || more.length > 0) {
    throw new TokenRefused('TOKEN_MALFORMED');
  }
  const signer = signerOf(certificateIn(jsonOf(header)));
  if (signer === undefined || signer.key.kind !== 'EC P-256') throw new TokenRefused('TOKEN_SIGNER_NOT_AUTHORIZED');
  const octets = fromBase64(signature, 'base64url');
  const key = { key: signer.keyObject, dsaEncoding: 'ieee-p1363' } as const;
  const signed = Buffer.from(jwt.slice(0, jwt.lastIndexOf('.')), 'latin1');
  if (octets.length !== ES256_OCTETS || !verify('sha256', signed, key, octets)) {
    throw new TokenRefused('TOKEN_SIGNATURE_INVALID');
  }
  return { ...contentOf(jsonOf(payload), listUriPrefix), signer };
}

function certificateIn({ alg, typ, crit, x5c }: Readonly<Record<string, unknown>>): Uint8Array {
  const certificate: unknown = Array.isArray(x5c) ? x5c[0] : undefined;
  const understood = alg === 'ES256' && typ === 'statuslist+jwt' && crit === undefined;
  if (!understood || typeof certificate !== 'string') throw new TokenRefused('TOKEN_HEADER_REFUSED');
  return fromBase64(certificate, 'base64');
}

function contentOf(
  { sub, iat, exp, ttl, nbf, status_list: list }: Readonly<Record<string, unknown>>,
  listUriPrefix: string,
): Omit<StatusListToken, 'signer'> {
  const listId = typeof sub === 'string' && sub.startsWith(listUriPrefix) ? sub.slice(listUriPrefix.length) : '';
  const isList = CANONICAL_ID.test(listId) && Number(listId) <= MAX_LIST_ID;
  const hasTimes = isTime(iat) && isTime(exp) && iat < exp && nbf === undefined;
  if (!isList || !hasTimes || !(ttl === undefined || isTime(ttl)) || !isObject(list)) {
    throw new TokenRefused('TOKEN_CLAIMS_REFUSED');
  }
  const { bits, lst } = list;
  if (bits !== 2 || typeof lst !== 'string') throw new TokenRefused('TOKEN_CLAIMS_REFUSED');
  return { listId: Number(listId), iat, exp, ttl, ...seatsIn(lst) };
}

function seatsIn(lst: string): Pick<StatusListToken, 'seats' | 'size'> {
  const stream = fromBase64(lst, 'base64url');
  try {
    return decodeTokenStatusList(stream);
  } catch (error) {
    if (error instanceof StatusListError) throw new TokenRefused('TOKEN_LIST_REFUSED', error);
    throw error;
  }
}

function jsonOf(part: string): Readonly<Record<string, unknown>> {
  const octets = fromBase64(part, 'base64url');
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(octets));
  } catch (error) {
    throw new TokenRefused('TOKEN_MALFORMED', error);
  }
  if (!isObject(value)) throw new TokenRefused('TOKEN_MALFORMED');
  return value;
}

// Node passes over characters that do not belong; what comes out must be the encoding of what went in.
function fromBase64(text: string, encoding: 'base64' | 'base64url'): Uint8Array {
  const octets = Buffer.from(text, encoding);
  if (octets.toString(encoding) !== text) throw new TokenRefused('TOKEN_MALFORMED');
  return octets;
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
