import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { MAX_TIME, Oid } from '@touchmark/der';
import {
  encodePem,
  formatName,
  parseBasicConstraints,
  parseCertificate,
  parseExtKeyUsage,
  parseKeyUsage,
  parseName,
} from '@touchmark/x509';
import * as pkijs from 'pkijs';
import { beforeAll, describe, expect, it } from 'vitest';

import {
  authorityCommonName,
  createIssuingCaCertificate,
  createRootCertificate,
  type IssuingCaContent,
} from './hierarchy.js';
import { loadIssuer } from './issuer.js';
import { ecKey, memorySigner, NOW, type SpecHierarchy, specHierarchy, spkiOf } from './spec-authorities.js';
import { specCertificate } from './spec-certificates.js';

const DAY = 86_400;
const KINDS = ['idevid', 'ldevid', 'infrastructure'] as const;

let hierarchy: SpecHierarchy;
beforeAll(async () => {
  hierarchy = await specHierarchy();
});

describe('createRootCertificate', () => {
  it('makes a self-signed CA that never ends and signs certificates and CRLs only', () => {
    const root = parseCertificate(hierarchy.root);
    expect(formatName(parseName(root.subject))).toBe('O=Example Örg, CN=Touchmark Root CA G1');
    expect([root.notBefore, root.notAfter]).toEqual([NOW - DAY, MAX_TIME]);
    const value = (oid: string) => root.extensions.get(oid)?.value ?? new Uint8Array();
    expect(parseBasicConstraints(value(Oid.basicConstraints))).toEqual({ cA: true, pathLenConstraint: undefined });
    expect([...parseKeyUsage(value(Oid.keyUsage))]).toEqual(['keyCertSign', 'cRLSign']);
    const read = new X509Certificate(hierarchy.root);
    expect(read.verify(read.publicKey)).toBe(true);
    expect(read.signatureAlgorithm).toBe('ecdsa-with-SHA384');
    expect(read.validToDate.getTime()).toBe(MAX_TIME * 1000);
  });

  it('refuses a key of another curve', async () => {
    const content = { organization: 'X', generation: 1, serialNumber: Uint8Array.of(1), notBefore: NOW };
    await expect(createRootCertificate({ ...content, privateKey: ecKey('P-256') })).rejects.toMatchObject({
      code: 'KEY_ALGORITHM_REFUSED',
    });
  });
});

describe('createIssuingCaCertificate', () => {
  it.each(KINDS)('makes a CA that openssl, node:crypto and pkijs accept under the root: %s', async (kind) => {
    const { certificate } = hierarchy.issuers[kind];
    const folder = mkdtempSync(join(tmpdir(), 'ca-'));
    try {
      writeFileSync(join(folder, 'root.pem'), encodePem('CERTIFICATE', hierarchy.root));
      writeFileSync(join(folder, 'ca.pem'), encodePem('CERTIFICATE', certificate.der));
      const args = [
        '-x509_strict',
        '-attime',
        String(NOW),
        '-CAfile',
        join(folder, 'root.pem'),
        join(folder, 'ca.pem'),
      ];
      expect(execFileSync('openssl', ['verify', ...args], { stdio: 'pipe' }).toString()).toContain(': OK');
    } finally {
      rmSync(folder, { recursive: true });
    }
    const root = new X509Certificate(hierarchy.root);
    const read = new X509Certificate(certificate.der);
    expect(read.checkIssued(root) && read.verify(root.publicKey) && read.ca).toBe(true);
    const asn = pkijs.Certificate.fromBER(new Uint8Array(certificate.der));
    expect(await asn.verify(pkijs.Certificate.fromBER(new Uint8Array(hierarchy.root)))).toBe(true);
  });

  it.each([
    ['idevid', 'O=Example Örg, CN=Touchmark IDevID CA G1', undefined, MAX_TIME],
    ['ldevid', 'O=Example Örg, CN=Touchmark LDevID CA G1', [Oid.clientAuth], NOW + 3650 * DAY],
    ['infrastructure', 'O=Example Örg, CN=Touchmark Infrastructure CA G1', undefined, NOW + 3650 * DAY],
  ] as const)('holds %s to its name, purposes and end', (kind, name, purposes, notAfter) => {
    const { certificate } = hierarchy.issuers[kind];
    expect(formatName(parseName(certificate.subject))).toBe(name);
    expect(certificate.notAfter).toBe(notAfter);
    const value = (oid: string) => certificate.extensions.get(oid)?.value;
    expect(parseBasicConstraints(value(Oid.basicConstraints) ?? new Uint8Array())).toEqual({
      cA: true,
      pathLenConstraint: 0,
    });
    const extKeyUsage = value(Oid.extKeyUsage);
    expect(extKeyUsage === undefined ? undefined : [...parseExtKeyUsage(extKeyUsage)]).toEqual(purposes);
    // A critical nameConstraints is refused by the TLS stack of most devices.
    expect(certificate.extensions.has(Oid.nameConstraints)).toBe(false);
    const critical = [...certificate.extensions].filter(([, extension]) => extension.critical).map(([oid]) => oid);
    expect(critical.toSorted()).toEqual([Oid.keyUsage, Oid.basicConstraints].toSorted());
  });

  it('refuses a CA that ends after its root, begins before it, or has a key of another curve', async () => {
    const shared = { organization: 'X', generation: 1, serialNumber: Uint8Array.of(9) };
    const content: IssuingCaContent = {
      ...shared,
      kind: 'ldevid',
      notBefore: NOW,
      notAfter: NOW + DAY,
      subjectPublicKeyInfo: spkiOf(ecKey('P-256')),
      root: { certificate: hierarchy.root, privateKey: hierarchy.rootKey },
    };
    const p384 = spkiOf(ecKey('P-384'));
    const rsa = spkiOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey);
    const make = (o: Partial<IssuingCaContent>) => createIssuingCaCertificate({ ...content, ...o });
    await expect(make({ notAfter: NOW })).rejects.toMatchObject({ code: 'VALIDITY_REFUSED' });
    await expect(make({ notBefore: NOW - 2 * DAY })).rejects.toMatchObject({ code: 'VALIDITY_REFUSED' });
    await expect(make({ subjectPublicKeyInfo: p384 })).rejects.toMatchObject({ code: 'KEY_ALGORITHM_REFUSED' });
    await expect(make({ subjectPublicKeyInfo: rsa })).rejects.toMatchObject({ code: 'KEY_ALGORITHM_REFUSED' });
    await expect(make({ root: { ...content.root, privateKey: ecKey('P-384') } })).rejects.toBeInstanceOf(TypeError);
  });

  it('names every key of a CA anew', () => {
    expect(authorityCommonName('idevid', 2)).toBe('Touchmark IDevID CA G2');
    expect(authorityCommonName('root', 1, 'Acme')).toBe('Acme Root CA G1');
    expect(() => authorityCommonName('root', 0)).toThrow(TypeError);
  });
});

describe('loadIssuer', () => {
  it('refuses the signer of another key, and the certificate of no CA', async () => {
    const { ldevid } = hierarchy.issuers;
    expect(() => loadIssuer(ldevid.certificate.der, memorySigner(ecKey('P-256')), 'ldevid')).toThrow(TypeError);
    const fields = { realm: 'devices.local', model: 'm', deviceSerial: 'S' };
    const leaf = await specCertificate(ldevid, 'ldevid', fields);
    expect(() => loadIssuer(leaf.certificate, memorySigner(leaf.privateKey), 'ldevid')).toThrow(TypeError);
  });
});
