import { X509Error } from './error.js';

/** One textual encoding (RFC 7468): its label, for example `CERTIFICATE`, and the octets inside. */
export interface PemBlock {
  readonly label: string;
  readonly der: Uint8Array;
}

const BEGIN = '-----BEGIN ';
const END = '-----END ';
const DASHES = '-----';

/**
 * All blocks of a PEM text, in order; text around them is passed over. Throws X509Error PEM_MALFORMED for a block that does not
 * end, ends with another label or holds what is no base64. Headers inside blocks (RFC 1421) are not taken.
 */
export function decodePem(text: string): readonly PemBlock[] {
  const blocks: PemBlock[] = [];
  let label: string | undefined;
  let base64: string[] = [];
  for (const line of text.replaceAll('\r', '\n').split('\n')) {
    if (line === '') continue;
    const trimmed = line.trim();
    if (label === undefined) {
      if (isBoundary(trimmed, BEGIN)) label = trimmed.slice(BEGIN.length, -DASHES.length);
    } else if (isBoundary(trimmed, END)) {
      if (trimmed.slice(END.length, -DASHES.length) !== label) throw new X509Error('PEM_MALFORMED');
      blocks.push({ label, der: decodeBase64(base64.join('')) });
      label = undefined;
      base64 = [];
    } else {
      base64.push(trimmed);
    }
  }
  if (label !== undefined) throw new X509Error('PEM_MALFORMED');
  return blocks;
}

/** A PEM block with lines of 64 characters and a line feed at its end (RFC 7468 section 3). */
export function encodePem(label: string, der: Uint8Array): string {
  const base64 = Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString('base64');
  const lines = base64.match(/.{1,64}/g) ?? [];
  return [`${BEGIN}${label}${DASHES}`, ...lines, `${END}${label}${DASHES}`, ''].join('\n');
}

function isBoundary(line: string, start: string): boolean {
  return line.startsWith(start) && line.endsWith(DASHES) && line.length > start.length + DASHES.length;
}

function decodeBase64(base64: string): Uint8Array {
  if (base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) throw new X509Error('PEM_MALFORMED');
  return new Uint8Array(Buffer.from(base64, 'base64'));
}
