import { equalBytes } from '@touchmark/der';
import { type Certificate, parseCertificate, X509Error } from '@touchmark/x509';
import { judgePath, readCertificates } from '../certificates.js';
import { CliError } from '../cli-error.js';
import { type EstService, fetchCaCertificates } from '../service/est.js';
import { belongs, type DeviceKey } from './device-folder.js';

/**
 * What a service answered, as a chain without its root, once it is known to be ours: for this key, and signed by CAs that lead to the
 * root that we trust. Throws CERTIFICATE_NOT_TRUSTED.
 */
export async function checkIssued(
  service: EstService,
  der: Uint8Array,
  key: DeviceKey,
  now: number,
): Promise<readonly Certificate[]> {
  const issued = parse(der);
  if (!belongs(key, issued)) throw notTrusted('it is for another key');
  const anchors = readCertificates(Buffer.from(service.ca), 'the root certificate');
  const intermediates = (await fetchCaCertificates(service)).map(parse);
  const judged = judgePath({
    chain: [issued],
    anchors,
    intermediates,
    at: Math.max(now, issued.notBefore),
    requireExtKeyUsage: true,
  });
  if (!judged.ok) throw notTrusted(judged.error.code);
  return judged.path.filter((certificate) => !anchors.some((anchor) => equalBytes(anchor.der, certificate.der)));
}

function parse(der: Uint8Array): Certificate {
  try {
    return parseCertificate(der);
  } catch (error) {
    if (error instanceof X509Error) throw notTrusted(error.code);
    throw error;
  }
}

export function notTrusted(why: string): CliError {
  const hint = 'Nothing was written. Check --ca and --est-url; if they are right, tell the operator of the service.';
  return new CliError('CERTIFICATE_NOT_TRUSTED', `the certificate that came back is not to be trusted: ${why}`, {
    hint,
  });
}
