import { encodeOcspError } from '@touchmark/issuance';
import type { OcspResponseStatus } from '@touchmark/x509';
import { strongEtag } from '../conditional-get.js';
import { httpDate } from '../http-date.js';

/** An OCSPResponse and the header fields that go with it, name after value, ready for `writeHead`. */
export interface OcspAnswer {
  readonly der: Uint8Array;
  readonly headers: string[];
  /** Strong, quoted; only what HTTP caches may keep has one. */
  readonly etag?: string;
}

/** Times of a response, UTC seconds; `maxAge`: how long after now HTTP caches may keep it. */
export interface Freshness {
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly maxAge: number;
}

const CONTENT_TYPE = 'application/ocsp-response';

/** A response for everyone who asks the same: cached as RFC 9919 has it. */
export function cacheableAnswer(der: Uint8Array, { thisUpdate, nextUpdate, maxAge }: Freshness): OcspAnswer {
  const etag = strongEtag(der);
  return {
    der,
    etag,
    headers: [
      ...contentHeaders(der),
      'ETag',
      etag,
      'Last-Modified',
      httpDate(thisUpdate),
      'Expires',
      httpDate(nextUpdate),
      'Cache-Control',
      `max-age=${maxAge}, public, no-transform, must-revalidate`,
    ],
  };
}

/** A response for one request alone (its nonce is inside), and errors. */
export function privateAnswer(der: Uint8Array): OcspAnswer {
  return { der, headers: [...contentHeaders(der), 'Cache-Control', 'no-store'] };
}

type ErrorStatus = Exclude<OcspResponseStatus, 'successful'>;

/** Unsigned five octets, HTTP status 200 all the same (RFC 6960 section 4.2.1). */
export const errorAnswers: Readonly<Record<ErrorStatus, OcspAnswer>> = {
  malformedRequest: privateAnswer(encodeOcspError('malformedRequest')),
  internalError: privateAnswer(encodeOcspError('internalError')),
  tryLater: privateAnswer(encodeOcspError('tryLater')),
  sigRequired: privateAnswer(encodeOcspError('sigRequired')),
  unauthorized: privateAnswer(encodeOcspError('unauthorized')),
};

function contentHeaders(der: Uint8Array): string[] {
  return ['Content-Type', CONTENT_TYPE, 'Content-Length', String(der.length)];
}
