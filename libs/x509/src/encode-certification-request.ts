import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import {
  encodeBitString,
  encodeExplicit,
  encodeOid,
  encodeSequence,
  encodeSetOf,
  encodeSmallInteger,
  Oid,
} from '@touchmark/der';
import { EMPTY_NAME } from './name.js';
import { encodeSignatureAlgorithm } from './signature.js';

export interface CertificationRequestContent {
  /** Name, DER; empty when absent. */
  readonly subject?: Uint8Array;
  /** Requested extensions, each a whole Extension element. */
  readonly extensions?: readonly Uint8Array[];
  /** ECDSA P-256 or Ed25519. */
  readonly privateKey: KeyObject;
}

/**
 * A PKCS #10 CertificationRequest (RFC 2986 section 4), DER, signed by the key it is for. For the keys that our own processes
 * make; TypeError for another kind of key.
 */
export function encodeCertificationRequest({
  subject,
  extensions = [],
  privateKey,
}: CertificationRequestContent): Uint8Array {
  const algorithm = algorithmOf(privateKey);
  const subjectPublicKeyInfo = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  const attributes =
    extensions.length === 0
      ? []
      : [encodeSequence(encodeOid(Oid.extensionRequest), encodeSetOf([encodeSequence(...extensions)]))];
  const certificationRequestInfo = encodeSequence(
    encodeSmallInteger(0),
    subject ?? EMPTY_NAME,
    subjectPublicKeyInfo,
    encodeExplicit(0, ...attributes),
  );
  const signature = sign(algorithm === 'ed25519' ? null : 'sha256', certificationRequestInfo, privateKey);
  return encodeSequence(certificationRequestInfo, encodeSignatureAlgorithm(algorithm), encodeBitString(signature));
}

function algorithmOf(key: KeyObject): 'ecdsaWithSHA256' | 'ed25519' {
  if (key.asymmetricKeyType === 'ed25519') return 'ed25519';
  if (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'ecdsaWithSHA256';
  throw new TypeError('the key is neither ECDSA P-256 nor Ed25519');
}
