import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, type KeyObject, sign, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import * as peculiar from '@peculiar/x509';
import { MAX_TIME, Oid, toHex } from '@touchmark/der';
import { encodePem, formatName, parseCertificate, parseName, parseSubjectAltName } from '@touchmark/x509';
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { CertificateFields } from './certificate-names.js';
import type { Issuer } from './issuer.js';
import type { IssuingCaKind } from './profile.js';
import type { BuiltInProfileName } from './profiles.js';
import type { Signer } from './signer.js';
import { ecKey, NOW, PUBLICATION_POINTS, type SpecHierarchy, specHierarchy } from './spec-authorities.js';
import { specCertificate } from './spec-certificates.js';

const DAY = 86_400;
const device = {
  realm: 'devices.local',
  organization: 'Example Örg',
  model: 'sensor-1',
  deviceSerial: 'SN-0001.a',
  // 2.25 and a UUID: an arc of 128 bits.
  hwType: '2.25.329800735698586629295641978511506172918',
};
const deviceSan = 'spiffe://devices.local/device/sensor-1/SN-0001.a';

interface Case {
  readonly profile: BuiltInProfileName;
  readonly issuer: IssuingCaKind;
  readonly fields: CertificateFields;
  readonly subject: string;
  readonly subjectAltName: readonly string[];
  readonly extKeyUsage: readonly string[];
  readonly notAfter: number;
  /** Of `openssl verify -purpose`: one that must be granted, and those that must not. */
  readonly purpose: string;
  readonly wrongPurposes: readonly string[];
}

const cases: readonly Case[] = [
  {
    profile: 'idevid',
    issuer: 'idevid',
    fields: device,
    subject: 'O=Example Örg, OU=sensor-1, serialNumber=SN-0001.a',
    subjectAltName: [`${device.hwType} ${device.deviceSerial}`, deviceSan],
    extKeyUsage: [],
    notAfter: MAX_TIME,
    purpose: 'sslclient',
    wrongPurposes: [],
  },
  {
    profile: 'ldevid',
    issuer: 'ldevid',
    fields: device,
    subject: 'serialNumber=SN-0001.a',
    subjectAltName: [deviceSan],
    extKeyUsage: [Oid.clientAuth],
    notAfter: NOW + 30 * DAY,
    purpose: 'sslclient',
    wrongPurposes: ['sslserver'],
  },
  {
    profile: 'tls-server',
    issuer: 'infrastructure',
    fields: { dnsNames: ['pki.example.com', 'localhost'], ipAddresses: ['127.0.0.1', '2001:db8::1'] },
    subject: 'CN=pki.example.com',
    subjectAltName: ['pki.example.com', 'localhost', '7f000001', '20010db8000000000000000000000001'],
    extKeyUsage: [Oid.serverAuth],
    notAfter: NOW + 90 * DAY,
    purpose: 'sslserver',
    wrongPurposes: ['sslclient'],
  },
  {
    profile: 'gateway-client',
    issuer: 'infrastructure',
    fields: { realm: 'devices.local', name: 'edge-7' },
    subject: 'CN=edge-7',
    subjectAltName: ['spiffe://devices.local/gateway/edge-7'],
    extKeyUsage: [Oid.clientAuth],
    notAfter: NOW + 90 * DAY,
    purpose: 'sslclient',
    wrongPurposes: ['sslserver'],
  },
  {
    profile: 'service',
    issuer: 'infrastructure',
    fields: { realm: 'devices.local', name: 'enrollment' },
    subject: 'CN=enrollment',
    subjectAltName: ['spiffe://devices.local/service/enrollment'],
    extKeyUsage: [Oid.serverAuth, Oid.clientAuth],
    notAfter: NOW + 90 * DAY,
    purpose: 'sslserver',
    wrongPurposes: [],
  },
  {
    profile: 'ocsp-signer',
    issuer: 'ldevid',
    fields: { name: 'LDevID OCSP 1' },
    subject: 'CN=LDevID OCSP 1',
    subjectAltName: [],
    extKeyUsage: [Oid.OCSPSigning],
    notAfter: NOW + 7 * DAY,
    purpose: 'ocsphelper',
    wrongPurposes: ['sslclient'],
  },
  {
    profile: 'status-signer',
    issuer: 'infrastructure',
    fields: { realm: 'devices.local', name: 'status-1' },
    subject: 'CN=status-1',
    subjectAltName: ['spiffe://devices.local/status/status-1'],
    extKeyUsage: [],
    notAfter: NOW + 90 * DAY,
    purpose: 'any',
    wrongPurposes: [],
  },
];

function generateKeyPair(
  kind: 'ec' | 'rsa' | 'ed25519',
  options: { namedCurve?: string; modulusLength?: number },
): { privateKey: KeyObject } {
  if (kind === 'ec') return generateKeyPairSync('ec', { namedCurve: options.namedCurve ?? 'P-256' });
  if (kind === 'rsa') return generateKeyPairSync('rsa', { modulusLength: options.modulusLength ?? 2048 });
  return generateKeyPairSync('ed25519');
}

function namesOf(value: Uint8Array | undefined): string[] {
  return (value === undefined ? [] : parseSubjectAltName(value)).map((name) => {
    if (name.kind === 'hardwareModuleName') return `${name.hwType} ${Buffer.from(name.hwSerialNum).toString()}`;
    if (name.kind === 'iPAddress') return toHex(name.value);
    return 'value' in name && typeof name.value === 'string' ? name.value : name.kind;
  });
}

describe('a certificate of every profile', () => {
  let folder: string;
  let hierarchy: SpecHierarchy;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'profiles-'));
    hierarchy = await specHierarchy();
    writeFileSync(join(folder, 'root.pem'), encodePem('CERTIFICATE', hierarchy.root));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it.each(cases)('says the same to our reader: $profile', async (expected) => {
    const issuer = hierarchy.issuers[expected.issuer];
    const { certificate, notAfter, serialNumber } = await specCertificate(issuer, expected.profile, expected.fields);
    const read = parseCertificate(certificate);
    expect(formatName(parseName(read.subject))).toBe(expected.subject);
    expect(namesOf(read.extensions.get(Oid.subjectAltName)?.value)).toEqual(expected.subjectAltName);
    expect([read.notBefore, read.notAfter, notAfter]).toEqual([NOW - 3600, expected.notAfter, expected.notAfter]);
    expect(toHex(read.serialNumber)).toBe(toHex(serialNumber));
    const critical = [...read.extensions].filter(([, extension]) => extension.critical).map(([oid]) => oid);
    expect(critical).toEqual([Oid.basicConstraints, Oid.keyUsage]);
  });

  it.each(cases)('says the same to node:crypto: $profile', async (expected) => {
    const issuer = hierarchy.issuers[expected.issuer];
    const { certificate, serialNumber } = await specCertificate(issuer, expected.profile, expected.fields);
    const read = new X509Certificate(certificate);
    const ca = new X509Certificate(issuer.certificate.der);
    expect(read.checkIssued(ca)).toBe(true);
    expect(read.verify(ca.publicKey)).toBe(true);
    expect(read.ca).toBe(false);
    expect(read.serialNumber.toLowerCase()).toBe(toHex(serialNumber));
    expect(read.validToDate.getTime()).toBe(expected.notAfter * 1000);
    expect(read.keyUsage ?? []).toEqual([...expected.extKeyUsage]);
    for (const name of expected.fields.dnsNames ?? []) expect(read.checkHost(name)).toBe(name);
    for (const address of expected.fields.ipAddresses ?? []) expect(read.checkIP(address)).toBe(address);
  });

  it.each(cases)('says the same to @peculiar/x509: $profile', async (expected) => {
    const issuer = hierarchy.issuers[expected.issuer];
    const { certificate, serialNumber } = await specCertificate(issuer, expected.profile, expected.fields);
    const read = new peculiar.X509Certificate(certificate);
    const ca = new peculiar.X509Certificate(issuer.certificate.der);
    expect(await read.verify({ publicKey: ca.publicKey, signatureOnly: true })).toBe(true);
    expect(read.serialNumber).toBe(toHex(serialNumber));
    expect(read.notAfter.getTime()).toBe(expected.notAfter * 1000);
    expect(read.getExtension(peculiar.BasicConstraintsExtension)?.ca).toBe(false);
    expect(read.getExtension(peculiar.KeyUsagesExtension)?.usages).toBe(peculiar.KeyUsageFlags.digitalSignature);
    expect(read.getExtension(peculiar.ExtendedKeyUsageExtension)?.usages ?? []).toEqual(expected.extKeyUsage);
    const authority = read.getExtension(peculiar.AuthorityKeyIdentifierExtension);
    expect(authority?.keyId).toBe(toHex(issuer.keyIdentifier));
    const uris = read.getExtension(peculiar.SubjectAlternativeNameExtension)?.names.items ?? [];
    const uri = expected.subjectAltName.filter((name) => name.startsWith('spiffe:'));
    expect(uris.filter(({ type }) => type === 'url').map(({ value }) => value)).toEqual(uri);
  });

  it.each(cases)('says the same to pkijs: $profile', async (expected) => {
    const issuer = hierarchy.issuers[expected.issuer];
    const { certificate } = await specCertificate(issuer, expected.profile, expected.fields);
    const read = pkijs.Certificate.fromBER(new Uint8Array(certificate));
    const ca = pkijs.Certificate.fromBER(new Uint8Array(issuer.certificate.der));
    expect(await read.verify(ca)).toBe(true);
    expect(read.notAfter.value.getTime()).toBe(expected.notAfter * 1000);
    const uris = expected.subjectAltName.filter((name) => name.startsWith('spiffe:'));
    const altName = read.extensions?.find(({ extnID }) => extnID === Oid.subjectAltName)?.parsedValue;
    const names = altName instanceof pkijs.GeneralNames || altName instanceof pkijs.AltName ? altName : undefined;
    const found = (names instanceof pkijs.AltName ? names.altNames : (names?.names ?? [])).filter(
      ({ type }) => type === 6,
    );
    expect(found.map(({ value }) => String(value))).toEqual(uris);
    const points = read.extensions?.find(({ extnID }) => extnID === Oid.cRLDistributionPoints);
    expect(points !== undefined).toBe(expected.profile !== 'ocsp-signer');
    expect(asn1js.fromBER(new Uint8Array(certificate)).offset).toBe(certificate.length);
  });

  it.each(cases)('is a good one to openssl, for its purpose alone: $profile', async (expected) => {
    const issuer = hierarchy.issuers[expected.issuer];
    const { certificate } = await specCertificate(issuer, expected.profile, expected.fields);
    const leaf = join(folder, `${expected.profile}.pem`);
    const ca = join(folder, `${expected.profile}-ca.pem`);
    writeFileSync(leaf, encodePem('CERTIFICATE', certificate));
    writeFileSync(ca, encodePem('CERTIFICATE', issuer.certificate.der));
    // What openssl refuses, it says on stderr.
    const verify = (purpose: string): string => {
      const chain = ['-CAfile', join(folder, 'root.pem'), '-untrusted', ca, '-attime', String(NOW), '-x509_strict'];
      const args = ['-purpose', purpose, ...chain, leaf];
      return execFileSync('sh', ['-c', 'openssl verify "$@" 2>&1 || true', 'sh', ...args]).toString();
    };
    const verdicts = [expected.purpose, ...expected.wrongPurposes].map((purpose) => /: OK$/m.test(verify(purpose)));
    expect(verdicts).toEqual([true, ...expected.wrongPurposes.map(() => false)]);

    const text = execFileSync('openssl', ['x509', '-in', leaf, '-noout', '-text'], { stdio: 'pipe' }).toString();
    const full = expected.profile !== 'ocsp-signer';
    expect(text).toContain(`CA Issuers - URI:${PUBLICATION_POINTS.caIssuers}`);
    expect(text.includes('OCSP No Check')).toBe(!full);
    expect(text.includes(`OCSP - URI:${PUBLICATION_POINTS.ocsp}`)).toBe(full);
    expect(text.includes(`URI:${PUBLICATION_POINTS.crl}`)).toBe(full);
  });

  it('carries the assurance policy where one is configured', async () => {
    const { certificate } = await specCertificate(hierarchy.issuers.ldevid, 'ldevid', device, {
      assurancePolicy: '2.25.100.1',
    });
    const policies = new peculiar.X509Certificate(certificate).getExtension(peculiar.CertificatePolicyExtension);
    expect(policies?.policies).toEqual(['2.25.100.1']);
  });

  it.each([
    ['ec', { namedCurve: 'P-384' }, 'ecdsaWithSHA384'],
    ['rsa', { modulusLength: 2048 }, 'sha256WithRSAEncryption'],
    ['ed25519', {}, 'ed25519'],
  ] as const)('is made for a key of kind %s too', async (kind, options, signatureAlgorithm) => {
    const { privateKey } = generateKeyPair(kind, options);
    const { certificate } = await specCertificate(hierarchy.issuers.ldevid, 'ldevid', device, {
      privateKey,
      signatureAlgorithm,
    });
    expect(new X509Certificate(certificate).checkPrivateKey(privateKey)).toBe(true);
  });
});

describe('signCertificate', () => {
  let issuer: Issuer;
  beforeAll(async () => {
    ({
      issuers: { ldevid: issuer },
    } = await specHierarchy());
  });
  const issueWith = (signWith: Signer['sign']) =>
    specCertificate({ ...issuer, signer: { ...issuer.signer, sign: signWith } }, 'ldevid', device);

  it('takes a signer that answers later', async () => {
    const { certificate } = await issueWith(async (data) => issuer.signer.sign(data));
    expect(new X509Certificate(certificate).verify(issuer.publicKey)).toBe(true);
  });

  it('refuses the signature of another key, and one over other octets', async () => {
    const other = ecKey('P-256');
    await expect(issueWith((data) => sign('sha256', data, other))).rejects.toMatchObject({
      code: 'SIGNING_FAILED',
      context: { stage: 'verify' },
    });
    await expect(issueWith((data) => issuer.signer.sign(data.subarray(1)))).rejects.toMatchObject({
      code: 'SIGNING_FAILED',
    });
  });

  it('refuses when the signer changed what it was given to sign', async () => {
    const tampered = issueWith((data) => {
      data.set([0x55], data.length - 1);
      return issuer.signer.sign(data);
    });
    await expect(tampered).rejects.toMatchObject({ code: 'SIGNING_FAILED', context: { stage: 'verify' } });
  });

  it('keeps the cause of a signer that fails, at once or later', async () => {
    const cause = new Error('the token is locked');
    const atOnce = (): Uint8Array => {
      throw cause;
    };
    await expect(issueWith(atOnce)).rejects.toMatchObject({
      code: 'SIGNING_FAILED',
      context: { stage: 'sign' },
      cause,
    });
    await expect(issueWith(() => Promise.reject(cause))).rejects.toMatchObject({ code: 'SIGNING_FAILED', cause });
  });
});
