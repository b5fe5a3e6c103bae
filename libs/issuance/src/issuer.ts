import type { KeyObject } from 'node:crypto';

import { equalBytes, Oid } from '@touchmark/der';
import {
  type Certificate,
  encodeSignatureAlgorithm,
  importPublicKey,
  parseBasicConstraints,
  parseCertificate,
  parseKeyUsage,
  parseSubjectKeyIdentifier,
} from '@touchmark/x509';

import type { AuthorityKind } from './hierarchy.js';
import type { Signer, SignerAlgorithm } from './signer.js';

/** A CA ready to sign: what its certificate says, read once, and its key imported once. */
export interface Issuer {
  /** What it may issue hangs on it. */
  readonly kind: AuthorityKind;
  readonly certificate: Certificate;
  /** subjectKeyIdentifier of the certificate: the authorityKeyIdentifier of everything it signs. */
  readonly keyIdentifier: Uint8Array;
  readonly signer: Signer;
  /** DER AlgorithmIdentifier of its signatures. */
  readonly signatureAlgorithm: Uint8Array;
  /** Digest for verifying its signatures; null for Ed25519. */
  readonly digest: 'sha256' | 'sha384' | null;
  readonly publicKey: KeyObject;
}

const SIGNER_DIGESTS: Readonly<Record<SignerAlgorithm, Issuer['digest']>> = {
  ecdsaWithSHA256: 'sha256',
  ecdsaWithSHA384: 'sha384',
  ed25519: null,
};

/**
 * Joins a CA certificate (DER) and the signer of its key. TypeError if the certificate is not one of a CA that may sign
 * certificates and CRLs, has no subjectKeyIdentifier, or is of another key: that is a fault of our set-up.
 */
export function loadIssuer(certificate: Uint8Array, signer: Signer, kind: AuthorityKind): Issuer {
  const parsed = parseCertificate(certificate);
  if (!equalBytes(parsed.subjectPublicKeyInfo, signer.subjectPublicKeyInfo)) {
    throw new TypeError('the signer holds another key than the certificate');
  }
  const basicConstraints = parsed.extensions.get(Oid.basicConstraints)?.value;
  const keyUsage = parsed.extensions.get(Oid.keyUsage)?.value;
  const keyIdentifier = parsed.extensions.get(Oid.subjectKeyIdentifier)?.value;
  const isCa = basicConstraints !== undefined && parseBasicConstraints(basicConstraints).cA;
  const usages = keyUsage === undefined ? undefined : parseKeyUsage(keyUsage);
  if (!isCa || !usages?.has('keyCertSign') || !usages.has('cRLSign') || keyIdentifier === undefined) {
    throw new TypeError('not the certificate of a CA that signs certificates and CRLs');
  }
  return {
    kind,
    certificate: parsed,
    keyIdentifier: parseSubjectKeyIdentifier(keyIdentifier),
    signer,
    signatureAlgorithm: encodeSignatureAlgorithm(signer.signatureAlgorithm),
    digest: SIGNER_DIGESTS[signer.signatureAlgorithm],
    publicKey: importPublicKey(parsed.subjectPublicKeyInfo),
  };
}
