// For the specs beside this file only: a root, its issuing CAs and their signers, with keys made on the spot.
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

import { createIssuingCaCertificate, createRootCertificate } from './hierarchy.js';
import { type Issuer, loadIssuer } from './issuer.js';
import type { IssuingCaKind } from './profile.js';
import type { Signer } from './signer.js';

/** 2026-01-01T00:00:00Z. */
export const NOW = 1_767_225_600;
const DAY = 86_400;

export const PUBLICATION_POINTS = {
  crl: 'http://pki.example.com:8080/crl/17.crl',
  ocsp: 'http://pki.example.com:8080/ocsp',
  caIssuers: 'http://pki.example.com:8080/ca/ldevid-1.cer',
};

export interface SpecHierarchy {
  readonly root: Uint8Array;
  readonly rootKey: KeyObject;
  readonly issuers: Readonly<Record<IssuingCaKind, Issuer>>;
}

export async function specHierarchy(): Promise<SpecHierarchy> {
  const rootKey = ecKey('P-384');
  const shared = { organization: 'Example Örg', generation: 1, notBefore: NOW - DAY };
  const root = await createRootCertificate({ ...shared, serialNumber: Uint8Array.of(1), privateKey: rootKey });
  const issuer = async (kind: IssuingCaKind, serial: number): Promise<Issuer> => {
    const key = ecKey('P-256');
    const certificate = await createIssuingCaCertificate({
      ...shared,
      kind,
      serialNumber: Uint8Array.of(0x54, serial),
      notAfter: NOW + 3650 * DAY,
      subjectPublicKeyInfo: spkiOf(key),
      root: { certificate: root, privateKey: rootKey },
      publicationPoints: { crl: 'http://pki.example.com/crl/1.crl', caIssuers: 'http://pki.example.com/ca/root.cer' },
    });
    return loadIssuer(certificate, memorySigner(key), kind);
  };
  return {
    root,
    rootKey,
    issuers: {
      idevid: await issuer('idevid', 2),
      ldevid: await issuer('ldevid', 3),
      infrastructure: await issuer('infrastructure', 4),
    },
  };
}

export function ecKey(namedCurve: 'P-256' | 'P-384'): KeyObject {
  return generateKeyPairSync('ec', { namedCurve }).privateKey;
}

export function memorySigner(privateKey: KeyObject): Signer {
  return {
    signatureAlgorithm: 'ecdsaWithSHA256',
    subjectPublicKeyInfo: spkiOf(privateKey),
    sign: (data) => sign('sha256', data, privateKey),
  };
}

export function spkiOf(key: KeyObject): Uint8Array {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }));
}
