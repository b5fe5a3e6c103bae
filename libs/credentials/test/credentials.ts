import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { generateKeyPair } from '@touchmark/keys';
import { generateTestKey, TEST_NOW, TestCa, type TestCertificateOptions } from '@touchmark/testkit';
import { CredentialFolder, type NewCredential } from '../src/credential-folder.js';

// What the specs of this library share.

export const infrastructure = TestCa.root({ subject: 'Infrastructure CA' });
export const HALF = 1000;

export const serviceNames: TestCertificateOptions = {
  subject: 'enrollment',
  subjectAltName: [{ kind: 'uniformResourceIdentifier', value: 'spiffe://devices.test/service/enrollment' }],
  notBefore: TEST_NOW - HALF,
  notAfter: TEST_NOW + HALF,
};

/** A new key and a certificate for it. */
export function newCredential(issuer = infrastructure, options: TestCertificateOptions = {}): NewCredential {
  const { pkcs8, subjectPublicKeyInfo } = generateKeyPair('P-256');
  return { pkcs8, chain: [certificateFor(subjectPublicKeyInfo, issuer, options), issuer.der] };
}

export function certificateFor(
  subjectPublicKeyInfo: Uint8Array,
  issuer = infrastructure,
  options: TestCertificateOptions = {},
): Uint8Array {
  const key = { ...generateTestKey(), subjectPublicKeyInfo };
  return issuer.issue({ ...serviceNames, ...options, key }).der;
}

export async function newFolder(): Promise<{ path: string; folder: CredentialFolder }> {
  const parent = await mkdtemp(path.join(tmpdir(), 'touchmark-credentials-'));
  const folderPath = path.join(parent, 'enrollment');
  return {
    path: folderPath,
    folder: await CredentialFolder.open(folderPath, (length) => new Uint8Array(length).fill(7)),
  };
}
