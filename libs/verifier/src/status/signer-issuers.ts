import { equalBytes } from '@touchmark/der';
import { equalNames, type Certificate, decodePem, parseCertificate, X509Error } from '@touchmark/x509';

import { VerifierError } from '../error.js';
import type { FeedTls } from '../feed/feed-request.js';
import { readIdentity } from '../identity.js';
import { checkSignature } from '../path/certificate-checks.js';
import { type PathCertificate, readPathCertificate } from '../path/path-certificate.js';
import { Budget } from '../path/budget.js';

/**
 * The CAs that may certify status keys: those named, DER, or else whoever the responder's certificate must come from (`ca`) and
 * whoever issued the gateway's own certificate. The latter is how the infrastructure CA is known where `ca` holds the root above it:
 * any other CA below that root stays none of these. They must lead to a trust anchor besides.
 */
export class SignerIssuers {
  private readonly keys: readonly Uint8Array[];
  private readonly own: PathCertificate | undefined;

  /** Throws X509Error, VerifierError or TypeError for certificates that cannot be read; those in `ca` are passed over. */
  constructor(named: readonly Uint8Array[] | undefined, tls?: Pick<FeedTls, 'cert' | 'ca'>) {
    if (named === undefined && tls === undefined) throw new TypeError('nobody is named');
    const certificates =
      named?.map((der) => parseCertificate(der)) ?? certificatesIn(tls?.ca ?? '').flatMap(readOrNothing);
    this.keys = certificates.map(({ subjectPublicKeyInfo }) => subjectPublicKeyInfo);
    this.own = named === undefined && tls !== undefined ? readPathCertificate(leafOf(tls), 0) : undefined;
  }

  /** By its key: a CA may have several certificates. */
  has(issuer: PathCertificate): boolean {
    const { subject, subjectPublicKeyInfo } = issuer.certificate;
    if (this.keys.some((key) => equalBytes(key, subjectPublicKeyInfo))) return true;
    return this.own !== undefined && equalNames(subject, this.own.certificate.issuer) && signed(this.own, issuer);
  }
}

/** The realm of the gateway's own certificate. TypeError if that says none; VerifierError, X509Error as the readers throw. */
export function realmOf(tls: Pick<FeedTls, 'cert'>): string {
  const identity = readIdentity(parseCertificate(leafOf(tls)));
  if (identity === undefined) throw new TypeError('the certificate in source.tls.cert names no realm: realm is needed');
  return identity.realm;
}

function signed(certificate: PathCertificate, issuer: PathCertificate): boolean {
  try {
    checkSignature(certificate, issuer, 0, new Budget());
    return true;
  } catch (error) {
    if (error instanceof VerifierError) return false;
    throw error;
  }
}

function leafOf({ cert }: Pick<FeedTls, 'cert'>): Uint8Array {
  const [leaf] = certificatesIn(cert);
  if (leaf === undefined) throw new TypeError('source.tls.cert holds no certificate');
  return leaf;
}

function certificatesIn(pem: string): readonly Uint8Array[] {
  return decodePem(pem).flatMap(({ label, der }) => (label === 'CERTIFICATE' ? [der] : []));
}

// Whom TLS trusts may be others than ours; what we cannot read has issued nothing of ours.
function readOrNothing(der: Uint8Array): readonly Certificate[] {
  try {
    return [parseCertificate(der)];
  } catch (error) {
    if (error instanceof X509Error) return [];
    throw error;
  }
}
