import { hash } from 'node:crypto';
import { equalBytes, Oid } from '@touchmark/der';
import type { PublishedAuthority } from '@touchmark/store';
import { type CertId, parseCertificate, parseSubjectPublicKeyInfo } from '@touchmark/x509';

/** Hashes that a CertID may use here: RFC 9919 clients must use SHA-256, OpenSSL's default is SHA-1. */
const HASHES = { [Oid.sha1]: 'sha1', [Oid.sha256]: 'sha256' } as const;

interface KnownIssuer {
  readonly authorityId: string;
  readonly issuerNameHash: Uint8Array;
  readonly issuerKeyHash: Uint8Array;
}

/** The authorities that answers are given for, by the hashes with which a CertID names them. */
export class Issuers {
  private known = new Map<string, readonly KnownIssuer[]>();

  /** Takes the issuing authorities anew. The root is none of them: its key is offline and makes no delegate (docs/revocation.md). */
  load(authorities: readonly PublishedAuthority[]): void {
    const issuing = authorities.filter(({ kind }) => kind !== 'root');
    this.known = new Map(
      Object.entries(HASHES).map(([oid, name]) => [
        oid,
        issuing.map(({ id, certificate }) => {
          const { subject, subjectPublicKeyInfo } = parseCertificate(certificate);
          const { subjectPublicKey } = parseSubjectPublicKeyInfo(subjectPublicKeyInfo);
          return {
            authorityId: id,
            issuerNameHash: hash(name, subject, 'buffer'),
            issuerKeyHash: hash(name, subjectPublicKey, 'buffer'),
          };
        }),
      ]),
    );
  }

  /** Id of the authority that both hashes name; undefined for an issuer that is not ours. */
  find({ hashAlgorithm, issuerNameHash, issuerKeyHash }: CertId): string | undefined {
    return this.known
      .get(hashAlgorithm)
      ?.find(
        (known) => equalBytes(known.issuerKeyHash, issuerKeyHash) && equalBytes(known.issuerNameHash, issuerNameHash),
      )?.authorityId;
  }
}
