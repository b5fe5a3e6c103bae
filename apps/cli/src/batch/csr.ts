import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { decodePem, X509Error } from '@touchmark/x509';

/** Why a line is refused before it is sent. */
export interface CsrFault {
  readonly code: 'LINE_MALFORMED' | 'LINE_TOO_LONG' | 'CSR_FILE_UNREADABLE' | 'CSR_NOT_FOUND';
  readonly detail: string;
}

const SEQUENCE = 0x30;
const LARGEST_FILE = 65_536;

/** base64 of the DER of a request that is written as base64, as PEM, or as the path of a file with either or with DER. */
export async function readCsrFile(csr: string, folder: string): Promise<{ base64: string } | { fault: CsrFault }> {
  const inline = fromBase64(csr) ?? fromPem(csr);
  if (inline !== undefined) return { base64: inline };
  if (csr.includes('\n') || csr.includes('-----') || csr.includes('\0'))
    return { fault: notFound('csr is no request') };
  try {
    const octets = await readFile(path.resolve(folder, csr));
    if (octets.length > LARGEST_FILE) return { fault: notFound(`${csr} is too long for a request`) };
    const base64 = octets[0] === SEQUENCE ? octets.toString('base64') : fromPem(octets.toString('latin1'));
    return base64 === undefined ? { fault: notFound(`${csr} holds no request`) } : { base64 };
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    return { fault: { code: 'CSR_FILE_UNREADABLE', detail: `${csr.slice(0, 200)}: ${why}` } };
  }
}

function fromBase64(text: string): string | undefined {
  const base64 = text.replaceAll(/\s/g, '');
  if (base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
  return Buffer.from(base64.slice(0, 4), 'base64')[0] === SEQUENCE ? base64 : undefined;
}

function fromPem(text: string): string | undefined {
  try {
    const block = decodePem(text).find(
      ({ label }) => label === 'CERTIFICATE REQUEST' || label === 'NEW CERTIFICATE REQUEST',
    );
    return block && Buffer.from(block.der).toString('base64');
  } catch (error) {
    if (error instanceof X509Error) return undefined;
    throw error;
  }
}

const notFound = (detail: string): CsrFault => ({ code: 'CSR_NOT_FOUND', detail });
