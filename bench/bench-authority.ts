import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

import {
  createIssuingCaCertificate,
  createRootCertificate,
  type Issuer,
  loadIssuer,
  type Signer,
} from '@touchmark/issuance';

const DAY = 86_400;

/** An issuing CA of its own for a bench, with its key in memory. */
export async function benchIssuer(kind: 'idevid' | 'ldevid' | 'infrastructure', now: number): Promise<Issuer> {
  const rootKey = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
  const caKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const shared = { organization: 'Bench', generation: 1, notBefore: now - DAY };
  const root = await createRootCertificate({ ...shared, serialNumber: Uint8Array.of(1), privateKey: rootKey });
  const certificate = await createIssuingCaCertificate({
    ...shared,
    kind,
    serialNumber: Uint8Array.of(2),
    notAfter: now + 3650 * DAY,
    subjectPublicKeyInfo: spkiOf(caKey),
    root: { certificate: root, privateKey: rootKey },
  });
  return loadIssuer(certificate, memorySigner(caKey), kind);
}

/** A signer that answers at once, as the one of the encrypted file does. */
export function memorySigner(privateKey: KeyObject): Signer {
  return {
    signatureAlgorithm: 'ecdsaWithSHA256',
    subjectPublicKeyInfo: spkiOf(privateKey),
    sign: (data) => sign('sha256', data, privateKey),
  };
}

function spkiOf(privateKey: KeyObject): Uint8Array {
  return new Uint8Array(createPublicKey(privateKey).export({ format: 'der', type: 'spki' }));
}
