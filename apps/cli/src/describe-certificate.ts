import { createHash } from 'node:crypto';
import { Oid, toHex } from '@touchmark/der';
import { readIdentity, VerifierError } from '@touchmark/verifier';
import {
  type Certificate,
  formatName,
  parseAuthorityInfoAccess,
  distributionPointNames,
  parseCRLDistributionPoints,
  parseName,
  parseSubjectPublicKeyInfo,
  X509Error,
} from '@touchmark/x509';
import { formatTime } from './format.js';

/** A certificate as `--json` shows it. Times are UTC seconds. */
export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  readonly serialNumber: string;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly key: string;
  readonly fingerprintSha256: string;
  readonly identity: string | null;
  readonly ocsp: readonly string[];
  readonly caIssuers: readonly string[];
  readonly crl: readonly string[];
}

export function certificateFacts(certificate: Certificate): CertificateFacts {
  const { subject, issuer, serialNumber, notBefore, notAfter, der, extensions } = certificate;
  const access = readable(extensions.get(Oid.authorityInfoAccess)?.value, parseAuthorityInfoAccess);
  const points = readable(extensions.get(Oid.cRLDistributionPoints)?.value, parseCRLDistributionPoints) ?? [];
  return {
    subject: formatName(parseName(subject)),
    issuer: formatName(parseName(issuer)),
    serialNumber: toHex(serialNumber),
    notBefore,
    notAfter,
    key: readable(certificate.subjectPublicKeyInfo, parseSubjectPublicKeyInfo)?.kind ?? 'unreadable',
    fingerprintSha256: createHash('sha256').update(der).digest('hex'),
    identity: identityOf(certificate),
    ocsp: access?.ocsp ?? [],
    caIssuers: access?.caIssuers ?? [],
    crl: points.flatMap(({ distributionPoint }) =>
      (distributionPointNames(distributionPoint, issuer) ?? []).flatMap((name) =>
        name.kind === 'uniformResourceIdentifier' ? [name.value] : [],
      ),
    ),
  };
}

/** A hostile certificate is shown as far as it can be read: judging it is for the verifier. */
function readable<T>(der: Uint8Array | undefined, parse: (der: Uint8Array) => T): T | undefined {
  try {
    return der && parse(der);
  } catch (error) {
    if (error instanceof X509Error) return undefined;
    throw error;
  }
}

/** The SPIFFE ID; null where there is none that can be read. */
function identityOf(certificate: Certificate): string | null {
  try {
    const identity = readIdentity(certificate);
    if (!identity) return null;
    const path = identity.kind === 'device' ? `${identity.model}/${identity.deviceSerial}` : identity.name;
    return `spiffe://${identity.realm}/${identity.kind}/${path}`;
  } catch (error) {
    if (error instanceof VerifierError || error instanceof X509Error) return null;
    throw error;
  }
}

/** Names and values for people; what a certificate has not is left out. */
export function certificateFields(facts: CertificateFacts): [string, string][] {
  const fields: [string, string][] = [
    ['identity', facts.identity ?? ''],
    ['subject', facts.subject],
    ['issuer', facts.issuer],
    ['serialNumber', facts.serialNumber],
    ['key', facts.key],
    ['valid', `${formatTime(facts.notBefore)} to ${formatTime(facts.notAfter)}`],
    ['SHA-256', facts.fingerprintSha256],
    ['OCSP', facts.ocsp.join(', ')],
    ['CRL', facts.crl.join(', ')],
    ['issuer at', facts.caIssuers.join(', ')],
  ];
  return fields.filter(([, value]) => value !== '');
}
