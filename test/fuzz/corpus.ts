import { sign } from 'node:crypto';

import {
  encodeBitString,
  encodeExplicit,
  encodeGeneralizedTime,
  encodeInteger,
  encodeNull,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  encodeSetOf,
  encodeSmallInteger,
  encodeTime,
  encodeUtf8String,
  Oid,
} from '@touchmark/der';
import {
  encodeCertificateList,
  encodeOcspError,
  encodeOcspResponse,
  loadIssuer,
  loadOcspResponder,
  type Signer,
} from '@touchmark/issuance';
import { fixedKey, makeTestRequest, signTestObject, TEST_NOW, TestCa, type TestKey } from '@touchmark/testkit';
import {
  encodeExtension,
  encodeInvalidityDate,
  encodeName,
  encodePem,
  encodeReasonCode,
  encodeSignatureAlgorithm,
} from '@touchmark/x509';

import { CRL_EXTENSION_VALUES, EXTENSION_VALUES, oneOfEach } from './extensions.js';
import { fixedPublicKeys } from './fixed-keys.js';

export type SampleKind =
  | 'certificate'
  | 'certificate-list'
  | 'certification-request'
  | 'ocsp-request'
  | 'ocsp-response'
  | 'fragment'
  | 'pem';

/** A sound object to damage. A `fragment` is the value of an extension, a Name, a key. */
export interface Sample {
  readonly name: string;
  readonly kind: SampleKind;
  readonly bytes: Uint8Array;
}

const HOUR = 3600;
const serialNumber = Uint8Array.of(0x54, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
const rootKey = fixedKey(1);
const root = TestCa.root({ key: rootKey, serialNumber });
const issuing = root.issueCa({ key: fixedKey(2), serialNumber, basicConstraints: { cA: true, pathLenConstraint: 0 } });

/** What every parser is fed with, the same octets in every run. */
export async function makeCorpus(): Promise<readonly Sample[]> {
  const objects = [
    ...certificates(),
    ...(await certificateLists()),
    ...certificationRequests(),
    ...ocspRequests(),
    ...(await ocspResponses()),
    ...fragments(),
  ];
  return [...objects, ...pem(objects)];
}

/** A chain that is good at TEST_NOW under `trustAnchor`; `issuerKeys[i]` signed `chain[i]`. */
export interface SoundChain {
  readonly chain: readonly Uint8Array[];
  readonly issuerKeys: readonly TestKey[];
  readonly trustAnchor: Uint8Array;
}

/** What hostile chains are made of: a leaf, two CAs. */
export function soundChain(): SoundChain {
  const middle = root.issueCa({ key: fixedKey(4), serialNumber, subject: 'Middle CA' });
  const lower = middle.issueCa({ key: fixedKey(5), serialNumber, subject: 'Lower CA' });
  const subjectAltName = [{ kind: 'dNSName', value: 'a.example' }] as const;
  const leaf = lower.issue({ key: fixedKey(6), serialNumber, subjectAltName });
  return {
    chain: [leaf.der, lower.der, middle.der],
    issuerKeys: [lower.key, middle.key, root.key],
    trustAnchor: root.der,
  };
}

function certificates(): readonly Sample[] {
  const key = fixedKey(3);
  const everything = issuing.issueDer({
    key,
    serialNumber,
    keyUsage: null,
    extKeyUsage: null,
    subjectKeyIdentifier: null,
    authorityKeyIdentifier: null,
    extraExtensions: oneOfEach(EXTENSION_VALUES),
  });
  const ofKey = fixedPublicKeys().map((subjectPublicKeyInfo, n) =>
    sample(
      `certificate of key ${n}`,
      'certificate',
      issuing.issueDer({ key: { ...key, subjectPublicKeyInfo }, serialNumber }),
    ),
  );
  const bare = { basicConstraints: null, keyUsage: null, extKeyUsage: null };
  return [
    sample('root', 'certificate', root.der),
    sample('issuing CA', 'certificate', issuing.der),
    sample('leaf', 'certificate', issuing.issueDer({ key, serialNumber })),
    sample('certificate with every extension', 'certificate', everything),
    sample('v1 certificate', 'certificate', issuing.issueDer({ key, serialNumber, version: 1, ...bare })),
    sample('certificate of 9999', 'certificate', issuing.issueDer({ key, serialNumber, notAfter: 253_402_300_799 })),
    ...ofKey,
  ];
}

async function certificateLists(): Promise<readonly Sample[]> {
  const issuer = loadIssuer(root.der, signerOf(rootKey), 'root');
  const ours = await encodeCertificateList({
    issuer,
    cRLNumber: 7n,
    thisUpdate: TEST_NOW,
    nextUpdate: TEST_NOW + HOUR,
    distributionPoint: 'http://pki.example.com/crl/1.crl',
    revoked: [1, 2, 3].map((n) => ({
      serialNumber: serialNumber.with(1, n),
      revocationDate: TEST_NOW - n,
      ...(n > 1 ? { reasonCode: 'keyCompromise', invalidityDate: TEST_NOW - HOUR } : {}),
    })),
  });
  const time = encodeTime(TEST_NOW);
  const full = encodeSequence(
    encodeSmallInteger(1),
    encodeSignatureAlgorithm('ed25519'),
    root.certificate.subject,
    time,
    encodeTime(TEST_NOW + HOUR),
    encodeSequence(encodeSequence(encodeInteger(serialNumber), time), revokedEntry()),
    encodeExplicit(0, encodeSequence(...oneOfEach(CRL_EXTENSION_VALUES))),
  );
  const v1 = encodeSequence(
    encodeSignatureAlgorithm('ed25519'),
    root.certificate.subject,
    time,
    encodeSequence(encodeSequence(encodeSmallInteger(5), time)),
  );
  return [
    sample('our CRL', 'certificate-list', ours),
    sample('CRL with every extension', 'certificate-list', signTestObject(full, rootKey)),
    sample('v1 CRL', 'certificate-list', signTestObject(v1, rootKey)),
  ];
}

function revokedEntry(): Uint8Array {
  const [, issuer = encodeNull()] = CRL_EXTENSION_VALUES.find(([oid]) => oid === Oid.certificateIssuer) ?? [];
  const extensions = encodeSequence(
    encodeExtension(Oid.reasonCode, false, encodeReasonCode('removeFromCRL')),
    encodeExtension(Oid.invalidityDate, false, encodeInvalidityDate(TEST_NOW)),
    encodeExtension(Oid.certificateIssuer, true, issuer),
  );
  return encodeSequence(encodeSmallInteger(5), encodeTime(TEST_NOW), extensions);
}

function certificationRequests(): readonly Sample[] {
  const key = fixedKey(3);
  const subject = [
    { type: Oid.organizationName, value: 'Example' },
    { type: Oid.serialNumber, value: 'SN-1' },
  ];
  const rich = {
    key,
    subject,
    extensions: oneOfEach(EXTENSION_VALUES).slice(0, 6),
    challengePassword: 'secret',
    extraAttributes: [encodeSequence(encodeOid(Oid.unstructuredName), encodeSetOf([encodeUtf8String('device')]))],
  };
  return [
    sample('empty request', 'certification-request', makeTestRequest({ key }).der),
    sample('request with attributes', 'certification-request', makeTestRequest(rich).der),
  ];
}

function certId(digest: string, octets: number, n: number): Uint8Array {
  return encodeSequence(
    encodeSequence(encodeOid(digest), encodeNull()),
    encodeOctetString(new Uint8Array(octets).fill(n)),
    encodeOctetString(new Uint8Array(octets).fill(n + 1)),
    encodeInteger(serialNumber.with(1, n)),
  );
}

const CERT_IDS = [certId(Oid.sha1, 20, 1), certId(Oid.sha256, 32, 2), certId(Oid.sha1, 20, 3)];
const NONCE = encodeOctetString(new Uint8Array(32).fill(0x4e));

function requestList(certIds: readonly Uint8Array[]): Uint8Array {
  return encodeSequence(...certIds.map((id) => encodeSequence(id)));
}

function ocspRequests(): readonly Sample[] {
  const nonce = encodeExplicit(2, encodeSequence(encodeExtension(Oid.ocspNonce, false, NONCE)));
  const signature = encodeExplicit(
    0,
    encodeSequence(encodeSignatureAlgorithm('ed25519'), encodeBitString(new Uint8Array(64))),
  );
  return [
    sample('OCSP request', 'ocsp-request', encodeSequence(encodeSequence(requestList(CERT_IDS.slice(0, 1))))),
    sample(
      'OCSP request with nonce, signed',
      'ocsp-request',
      encodeSequence(encodeSequence(requestList(CERT_IDS), nonce), signature),
    ),
  ];
}

async function ocspResponses(): Promise<readonly Sample[]> {
  const key = fixedKey(8);
  const delegate = root.issue({ key, serialNumber, extKeyUsage: [Oid.OCSPSigning] });
  const responder = loadOcspResponder(signerOf(key), delegate.der);
  const times = { thisUpdate: TEST_NOW, nextUpdate: TEST_NOW + HOUR };
  const statuses = [
    { status: 'good' },
    { status: 'revoked', revocationTime: TEST_NOW - HOUR, revocationReason: 'keyCompromise' },
    { status: 'unknown' },
  ] as const;
  const responses = CERT_IDS.map((id, n) => ({ certId: id, certStatus: statuses[n] ?? statuses[0], ...times }));
  const ours = await encodeOcspResponse(responder, { producedAt: TEST_NOW, responses, nonce: NONCE });
  return [
    sample('OCSP response', 'ocsp-response', ours),
    sample('OCSP response of another', 'ocsp-response', foreignOcspResponse()),
    sample('OCSP error', 'ocsp-response', encodeOcspError('tryLater')),
  ];
}

// byName, version and extensions encoded, several certificates, no nextUpdate: none of which ours has.
function foreignOcspResponse(): Uint8Array {
  const time = encodeGeneralizedTime(TEST_NOW);
  const extension = encodeSequence(encodeExtension(Oid.ocspArchiveCutoff, false, time));
  const single = encodeSequence(
    CERT_IDS[0] ?? encodeNull(),
    encodeExplicit(1, time),
    time,
    encodeExplicit(1, extension),
  );
  const data = encodeSequence(
    encodeExplicit(1, root.certificate.subject),
    time,
    encodeSequence(single),
    encodeExplicit(1, encodeSequence(encodeExtension(Oid.ocspExtendedRevoke, false, encodeNull()))),
  );
  const signature = encodeBitString(new Uint8Array(sign(null, data, rootKey.privateKey)));
  const certs = encodeExplicit(0, encodeSequence(root.der, issuing.der));
  const basic = encodeSequence(data, encodeSignatureAlgorithm('ed25519'), signature, certs);
  return encodeSequence(
    Uint8Array.of(0x0a, 1, 0),
    encodeExplicit(0, encodeSequence(encodeOid(Oid.ocspBasic), encodeOctetString(basic))),
  );
}

function fragments(): readonly Sample[] {
  const name = encodeName([
    { type: Oid.countryName, value: 'DE' },
    { type: Oid.organizationName, value: 'Example Örg' },
    { type: Oid.domainComponent, value: 'example' },
    { type: Oid.commonName, value: 'a name' },
  ]);
  return [
    ...[...EXTENSION_VALUES, ...CRL_EXTENSION_VALUES].map(([oid, value], n) =>
      sample(`value ${n} of ${oid}`, 'fragment', value),
    ),
    sample('reasonCode', 'fragment', encodeReasonCode('superseded')),
    sample('invalidityDate', 'fragment', encodeInvalidityDate(TEST_NOW)),
    sample('entry of a CRL', 'fragment', revokedEntry()),
    sample('name', 'fragment', name),
    ...fixedPublicKeys().map((key, n) => sample(`key ${n}`, 'fragment', key)),
  ];
}

function pem(objects: readonly Sample[]): readonly Sample[] {
  const [first, second] = objects;
  const both = [first, second]
    .map((object) => encodePem('CERTIFICATE', object?.bytes ?? new Uint8Array()))
    .join('text\n');
  return [sample('PEM', 'pem', new Uint8Array(Buffer.from(both)))];
}

function signerOf(key: TestKey): Signer {
  const { subjectPublicKeyInfo, privateKey } = key;
  return {
    signatureAlgorithm: 'ed25519',
    subjectPublicKeyInfo,
    sign: (data) => new Uint8Array(sign(null, data, privateKey)),
  };
}

function sample(name: string, kind: SampleKind, bytes: Uint8Array): Sample {
  return { name, kind, bytes };
}
