import { type Certificate, decodePem, parseCertificate } from '@touchmark/x509';

/** A side's certificates, which may be exchanged while it runs: what `CredentialRenewal` of libs/credentials is. */
export interface GrpcCredentials {
  /** PEM: the key, the certificate with its issuing CA, and the infrastructure CA, by which alone the other side is judged. */
  tls(): { readonly key: string; readonly cert: string; readonly ca: string };
  /** Returns how to stop listening. */
  onChange(listener: () => void): () => void;
}

/** The certificates of a PEM text. */
export function certificatesOf(pem: string): readonly Certificate[] {
  return decodePem(pem).map(({ der }) => parseCertificate(der));
}
