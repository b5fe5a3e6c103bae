import { encodeNull, encodeOid, encodeSequence, encodeSetOf, encodeUtf8String, Oid, toHex } from '@touchmark/der';
import * as peculiar from '@peculiar/x509';
import { describe, expect, it } from 'vitest';

import { generateTestKey, hostileVariants, makeTestRequest, OpensslFolder } from '@touchmark/testkit';

import { parseCertificationRequest } from './certification-request.js';
import { X509Error, type X509ErrorCode } from './error.js';
import { encodeExtension } from './extension.js';
import { encodeSubjectAltName, parseSubjectAltName } from './extensions/subject-alt-name.js';
import { encodeName } from './name.js';
import { verifySignature } from './signature.js';

const URI = 'spiffe://devices.local/device/m/A-1';
const SAN = encodeExtension(
  Oid.subjectAltName,
  false,
  encodeSubjectAltName([{ kind: 'uniformResourceIdentifier', value: URI }]),
);

function refusalOf(der: Uint8Array): X509ErrorCode | 'accepted' {
  try {
    parseCertificationRequest(der);
  } catch (error) {
    if (error instanceof X509Error) return error.code;
    throw error;
  }
  return 'accepted';
}

function attribute(type: string, ...values: Uint8Array[]): Uint8Array {
  return encodeSequence(encodeOid(type), encodeSetOf(values));
}

describe('parseCertificationRequest', () => {
  it.each(['EC P-256', 'EC P-384', 'Ed25519', 'RSA'] as const)(
    'reads what %s signed, and its signature holds',
    (kind) => {
      const subject = [{ type: Oid.serialNumber, value: 'A-1' }];
      const { der, key } = makeTestRequest({
        key: generateTestKey(kind),
        subject,
        extensions: [SAN],
        challengePassword: 'abc+/=',
      });
      const request = parseCertificationRequest(der);
      expect(request.subject).toEqual(encodeName(subject));
      expect(request.subjectPublicKeyInfo).toEqual(key.subjectPublicKeyInfo);
      expect(request.challengePassword).toBe('abc+/=');
      expect([...request.requestedExtensions.keys()]).toEqual([Oid.subjectAltName]);
      expect([...request.attributes.keys()].toSorted()).toEqual(
        [Oid.extensionRequest, Oid.challengePassword].toSorted(),
      );
      expect(
        verifySignature({
          algorithm: request.signatureAlgorithm,
          subjectPublicKeyInfo: request.subjectPublicKeyInfo,
          data: request.certificationRequestInfo,
          signature: request.signature,
        }),
      ).toBe(true);
    },
  );

  it('reads what openssl makes as @peculiar/x509 does', async () => {
    using folder = new OpensslFolder();
    folder.write(
      'req.cnf',
      `[req]\ndistinguished_name=dn\nreq_extensions=v3\nattributes=a\nprompt=no\n[dn]\nCN=x\nserialNumber=A-1
[v3]\nsubjectAltName=URI:${URI},DNS:a.example\n[a]\nchallengePassword=secret\n`,
    );
    folder.run('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', 'key.pem');
    folder.run('req', '-new', '-outform', 'DER', '-out', 'req.der', '-config', 'req.cnf', '-key', 'key.pem');
    const der = folder.read('req.der');
    const ours = parseCertificationRequest(der);
    const theirs = new peculiar.Pkcs10CertificateRequest(Buffer.from(der));
    await expect(theirs.verify()).resolves.toBe(true);
    expect(toHex(ours.subject)).toBe(Buffer.from(theirs.subjectName.toArrayBuffer()).toString('hex'));
    expect(toHex(ours.subjectPublicKeyInfo)).toBe(Buffer.from(theirs.publicKey.rawData).toString('hex'));
    expect([...ours.requestedExtensions].map(([oid, e]) => [oid, toHex(e.value)])).toEqual(
      theirs.extensions.map((e) => [e.type, Buffer.from(e.value).toString('hex')]),
    );
    expect(ours.challengePassword).toBe('secret');
    expect(parseSubjectAltName(ours.requestedExtensions.get(Oid.subjectAltName)!.value)).toEqual([
      { kind: 'uniformResourceIdentifier', value: URI },
      { kind: 'dNSName', value: 'a.example' },
    ]);
  });

  it('takes a request without attributes and one with an empty subject', () => {
    const request = parseCertificationRequest(makeTestRequest().der);
    expect(request.attributes.size).toBe(0);
    expect(request.requestedExtensions.size).toBe(0);
    expect(request.challengePassword).toBeUndefined();
  });

  const password = encodeUtf8String('x');
  const extensions = encodeSequence(SAN);
  const cases: readonly [string, X509ErrorCode, Uint8Array[]][] = [
    ['a requested extension twice', 'EXTENSION_DUPLICATE', [attribute(Oid.extensionRequest, encodeSequence(SAN, SAN))]],
    ['two extensionRequests', 'CERTIFICATION_REQUEST_MALFORMED', twice(attribute(Oid.extensionRequest, extensions))],
    [
      'two values in one extensionRequest',
      'CERTIFICATION_REQUEST_MALFORMED',
      [attribute(Oid.extensionRequest, extensions, extensions)],
    ],
    [
      'an extensionRequest of nothing',
      'CERTIFICATION_REQUEST_MALFORMED',
      [attribute(Oid.extensionRequest, encodeSequence())],
    ],
    ['an extensionRequest without value', 'CERTIFICATION_REQUEST_MALFORMED', [attribute(Oid.extensionRequest)]],
    [
      'two challengePasswords',
      'CERTIFICATION_REQUEST_MALFORMED',
      [attribute(Oid.challengePassword, password, password)],
    ],
    [
      'a challengePassword that is no text',
      'CERTIFICATION_REQUEST_MALFORMED',
      [attribute(Oid.challengePassword, encodeNull())],
    ],
  ];

  it.each(cases)('refuses %s', (_name, code, extraAttributes) => {
    expect(refusalOf(makeTestRequest({ extraAttributes }).der)).toBe(code);
  });

  it('throws nothing but X509Error on hostile variants', () => {
    const variants = hostileVariants(makeTestRequest({ extensions: [SAN], challengePassword: 'x' }).der, 5);
    let refused = 0;
    for (let i = 0; i < 4000; i++) if (refusalOf(variants.next().value) !== 'accepted') refused++;
    expect(refused).toBeGreaterThan(2000);
  });
});

function twice(bytes: Uint8Array): Uint8Array[] {
  return [bytes, bytes];
}
