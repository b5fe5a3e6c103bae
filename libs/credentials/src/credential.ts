import type { KeyObject } from 'node:crypto';
import { type Certificate, encodePem, parseCertificate } from '@touchmark/x509';

/** A certificate of a process, with its key and the CA that issued it. */
export interface Credential {
  readonly name: string;
  readonly privateKey: KeyObject;
  /** DER: the certificate, then its issuing CA. */
  readonly chain: readonly Uint8Array[];
  readonly certificate: Certificate;
}

/** What node:tls takes, in PEM. `ca` is all that the other side is judged by: the infrastructure CA, never the root. */
export interface TlsCredentials {
  readonly key: string;
  readonly cert: string;
  readonly ca: string;
}

/** `anchors` are certificates, DER. The key leaves its KeyObject here, in clear: hand it on, keep no copy. */
export function tlsCredentials(credential: Credential, anchors: readonly Uint8Array[]): TlsCredentials {
  return {
    key: credential.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    cert: encodeCertificates(credential.chain),
    ca: encodeCertificates(anchors),
  };
}

/** UTC seconds at which half of a certificate's life is over: from then on it is renewed. */
export function halfLife({ notBefore, notAfter }: Pick<Certificate, 'notBefore' | 'notAfter'>): number {
  return Math.floor((notBefore + notAfter) / 2);
}

export function encodeCertificates(certificates: readonly Uint8Array[]): string {
  return certificates.map((der) => encodePem('CERTIFICATE', der)).join('');
}

/** A credential of parts; throws X509Error for a chain that is none. */
export function toCredential(name: string, privateKey: KeyObject, chain: readonly Uint8Array[]): Credential {
  const [leaf] = chain;
  if (leaf === undefined) throw new TypeError('a chain begins with a certificate');
  return { name, privateKey, chain, certificate: parseCertificate(leaf) };
}
