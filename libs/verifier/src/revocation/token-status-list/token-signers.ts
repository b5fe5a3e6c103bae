import { hash } from 'node:crypto';

import { equalNames, parseCertificate, X509Error } from '@touchmark/x509';

import { VerifierError } from '../../error.js';
import { Budget } from '../../path/budget.js';
import { checkExtensions, checkSignature } from '../../path/certificate-checks.js';
import { PathCertificate, readPathCertificate } from '../../path/path-certificate.js';
import { isStatusKey } from '../../status/status-key.js';

/** Certificates of status keys that are remembered; a service has some at a time. */
const MAX_KNOWN = 16;

/** Who may sign Status List Tokens: keys certified as status keys of the realm, directly by one of the named CAs. */
export class TokenSigners {
  private readonly issuers: readonly PathCertificate[];
  private readonly realm: string;
  private readonly known = new Map<string, PathCertificate>();

  /** Throws X509Error for certificates that cannot be read, TypeError if there are none. */
  constructor(issuers: readonly Uint8Array[], realm: string) {
    if (issuers.length === 0) throw new TypeError('signerIssuers names nobody');
    this.issuers = issuers.map((der) => new PathCertificate(parseCertificate(Uint8Array.from(der))));
    this.realm = realm;
  }

  readonly signerOf = (certificate: Uint8Array): PathCertificate | undefined => {
    const name = hash('sha256', certificate, 'binary');
    const known = this.known.get(name);
    if (known !== undefined) return known;
    const signer = this.read(Uint8Array.from(certificate));
    if (signer === undefined) return undefined;
    this.known.set(name, signer);
    const [oldest] = this.known.keys();
    if (oldest !== undefined && this.known.size > MAX_KNOWN) this.known.delete(oldest);
    return signer;
  };

  private read(der: Uint8Array): PathCertificate | undefined {
    try {
      const signer = readPathCertificate(der, 0);
      // One that is bounded to TLS, itself or by its CA, signs no status.
      if (signer.extKeyUsage !== undefined || !isStatusKey(signer, this.realm)) return undefined;
      checkExtensions(signer, 0);
      return this.issuers.some((issuer) => hasIssued(issuer, signer)) ? signer : undefined;
    } catch (error) {
      if (error instanceof VerifierError || error instanceof X509Error) return undefined;
      throw error;
    }
  }
}

function hasIssued(issuer: PathCertificate, signer: PathCertificate): boolean {
  const { certificate, extKeyUsage, basicConstraints, keyUsage } = issuer;
  if (!equalNames(certificate.subject, signer.certificate.issuer)) return false;
  if (extKeyUsage !== undefined || basicConstraints?.cA !== true || keyUsage?.has('keyCertSign') === false)
    return false;
  try {
    checkSignature(signer, issuer, 0, new Budget());
    return true;
  } catch (error) {
    if (error instanceof VerifierError) return false;
    throw error;
  }
}
