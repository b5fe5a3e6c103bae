import { type Certificate, decodePem, encodePem, parseCertificate, X509Error } from '@touchmark/x509';
import { bySeat, type Purpose, type StatusPort, verifyPath } from '@touchmark/verifier';
import { CliError } from './cli-error.js';

/** Certificates of a PEM text, in order; of DER the one. Throws FILE_MALFORMED, which names `file`. */
export function readCertificates(bytes: Uint8Array, file: string): Certificate[] {
  try {
    const ders = bytes[0] === 0x30 ? [bytes] : pemCertificates(Buffer.from(bytes).toString('utf8'));
    if (ders.length > 0) return ders.map((der) => parseCertificate(der));
  } catch (error) {
    if (!(error instanceof X509Error)) throw error;
    throw notCertificates(file, error);
  }
  throw notCertificates(file);
}

const pemCertificates = (text: string): Uint8Array[] =>
  decodePem(text).flatMap(({ label, der }) => (label === 'CERTIFICATE' ? [der] : []));

export const toPem = (certificates: readonly Certificate[]): string =>
  certificates.map(({ der }) => encodePem('CERTIFICATE', der)).join('');

/** Somebody else answers for revocation: what was issued a moment ago, or has been asked about already. */
const notAsked: StatusPort = { statusOf: () => 'valid' };

export interface PathQuestion {
  /** End entity first. */
  readonly chain: readonly Certificate[];
  readonly anchors: readonly Certificate[];
  readonly intermediates?: readonly Certificate[];
  readonly at: number;
  readonly purpose?: Purpose;
  readonly requireExtKeyUsage?: boolean;
  readonly status?: StatusPort;
}

/** `verifyPath` with what this command has. */
export function judgePath({
  chain,
  anchors,
  intermediates = [],
  at,
  ...rest
}: PathQuestion): ReturnType<typeof verifyPath> {
  const { purpose = 'client', requireExtKeyUsage = false, status = notAsked } = rest;
  const ders = chain.map(({ der }) => der);
  return verifyPath({
    chain: ders,
    trustAnchors: anchors,
    intermediates,
    at,
    purpose,
    requireExtKeyUsage,
    revocation: bySeat(status),
  });
}

function notCertificates(file: string, cause?: unknown): CliError {
  const hint = 'A certificate is PEM (-----BEGIN CERTIFICATE-----) or DER.';
  return new CliError('FILE_MALFORMED', `${file} holds no certificate that can be read`, { hint }, cause);
}
