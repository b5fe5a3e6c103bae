import { EstError } from './errors.js';

/** How a body carried its DER. Only `base64` is what RFC 8951 asks for; the others are taken and worth a log line. */
export type TransferForm = 'base64' | 'der' | 'pem';

export interface DecodedTransfer {
  readonly der: Uint8Array;
  readonly form: TransferForm;
}

/** Characters of base64 that every known client reads in one line; libest fails above about this many. */
const ONE_LINE_LIMIT = 1000;
const SEQUENCE = 0x30;
const PEM = /^-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*)-----END \1-----$/;

/**
 * Takes the DER out of a request body (RFC 8951 section 3): base64 with white space anywhere, or, leniently, raw DER or
 * one PEM block. At most `maxBytes` octets of DER, and twice as many of body. The DER itself is not looked into.
 * Codes BODY_EMPTY, BODY_TOO_LARGE, BODY_NOT_BASE64, BODY_PEM_MALFORMED.
 */
export function decodeTransfer(body: Uint8Array, maxBytes: number): DecodedTransfer {
  // Base64 with line breaks is less than 1.4 times its DER: what is more than double is white space or abuse.
  if (body.length > 2 * maxBytes + 128) throw new EstError('BODY_TOO_LARGE', { length: body.length, maxBytes });
  // No base64 of a SEQUENCE begins with 0x30: that would be the digit 0, and 0x30 0x.. begins with M.
  if (body[0] === SEQUENCE) return { der: checkSize(body, maxBytes), form: 'der' };
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1').trim();
  if (text === '') throw new EstError('BODY_EMPTY');
  if (!text.startsWith('-----')) return { der: checkSize(decodeBase64(text), maxBytes), form: 'base64' };
  const block = PEM.exec(text)?.[2];
  if (block === undefined) throw new EstError('BODY_PEM_MALFORMED', { length: body.length });
  return { der: checkSize(decodeBase64(block), maxBytes), form: 'pem' };
}

/**
 * Makes a response body: base64 in one line with CRLF behind it. Bodies too long for one line in libest are broken into
 * lines of `wrap` characters when asked; strongSwan on the other hand reads one line only, so it is a choice by client.
 */
export function encodeTransfer(der: Uint8Array, wrap?: 64 | 76): Uint8Array {
  const base64 = Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString('base64');
  if (wrap === undefined || base64.length < ONE_LINE_LIMIT) return Buffer.from(`${base64}\r\n`, 'latin1');
  const lines: string[] = [];
  for (let at = 0; at < base64.length; at += wrap) lines.push(base64.slice(at, at + wrap), '\r\n');
  return Buffer.from(lines.join(''), 'latin1');
}

/** Line length that a client needs, guessed from its User-Agent: libest names itself and reads no long lines. */
export function wrapFor(userAgent: string | undefined): 64 | undefined {
  return userAgent?.startsWith('libest') === true ? 64 : undefined;
}

function decodeBase64(text: string): Uint8Array {
  const base64 = text.replaceAll(/[\r\n\t ]+/g, '');
  const der = Buffer.from(base64, 'base64');
  // Node passes over what is not base64; writing it again shows whether all of it was, with its padding.
  if (der.length === 0 || der.toString('base64') !== base64)
    throw new EstError('BODY_NOT_BASE64', { length: text.length });
  return der;
}

function checkSize(der: Uint8Array, maxBytes: number): Uint8Array {
  if (der.length > maxBytes) throw new EstError('BODY_TOO_LARGE', { length: der.length, maxBytes });
  return der;
}
