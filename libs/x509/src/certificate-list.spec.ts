import {
  concatBytes,
  encodeExplicit,
  encodeGeneralizedTime,
  encodeInteger,
  encodeNull,
  encodeSequence,
  encodeSmallInteger,
  encodeTime,
  Oid,
  toHex,
} from '@touchmark/der';
import * as peculiar from '@peculiar/x509';
import { describe, expect, it } from 'vitest';

import {
  hostileVariants,
  OpensslFolder,
  signatureAlgorithmOf,
  signTestObject,
  TEST_NOW,
  TestCa,
} from '@touchmark/testkit';

import {
  type CertificateList,
  findRevoked,
  parseCertificateList,
  parseRevokedCertificate,
  revokedCertificates,
} from './certificate-list.js';
import { X509Error, type X509ErrorCode } from './error.js';
import { encodeExtension } from './extension.js';
import {
  encodeCRLNumber,
  encodeInvalidityDate,
  encodeReasonCode,
  parseCRLNumber,
} from './extensions/crl-extensions.js';
import type { GeneralName } from './extensions/general-name.js';
import { encodeSubjectAltName } from './extensions/subject-alt-name.js';
import { EMPTY_NAME } from './name.js';
import { verifySignature } from './signature.js';

const root = TestCa.root();
const NOTHING = new Uint8Array(0);
const GENERALIZED = encodeGeneralizedTime(TEST_NOW + 1);
const ISSUER: GeneralName = { kind: 'directoryName', value: root.certificate.subject };
const CERTIFICATE_ISSUER = encodeExtension(Oid.certificateIssuer, true, encodeSubjectAltName([ISSUER]));

function entry(serial: number, ...extensions: Uint8Array[]): Uint8Array {
  const list = extensions.length === 0 ? [] : [encodeSequence(...extensions)];
  return encodeSequence(encodeInteger(Uint8Array.of(serial)), encodeTime(TEST_NOW), ...list);
}

function build(change: Partial<ReturnType<typeof parts>> = {}): Uint8Array {
  return signTestObject(encodeSequence(...Object.values({ ...parts(), ...change })), root.key);
}

function parts(): Record<
  'version' | 'algorithm' | 'issuer' | 'thisUpdate' | 'nextUpdate' | 'entries' | 'extensions',
  Uint8Array
> {
  const reason = encodeExtension(Oid.reasonCode, false, encodeReasonCode('keyCompromise'));
  const invalidity = encodeExtension(Oid.invalidityDate, false, encodeInvalidityDate(TEST_NOW - 5));
  return {
    version: encodeSmallInteger(1),
    algorithm: signatureAlgorithmOf(root.key),
    issuer: root.certificate.subject,
    thisUpdate: encodeTime(TEST_NOW),
    nextUpdate: encodeTime(TEST_NOW + 60),
    entries: encodeSequence(entry(1), entry(0x80, reason), entry(3, reason, invalidity)),
    extensions: encodeExplicit(0, encodeSequence(encodeExtension(Oid.cRLNumber, false, encodeCRLNumber(7n)))),
  };
}

function codeOf(read: () => unknown): X509ErrorCode | 'accepted' {
  try {
    read();
  } catch (error) {
    if (error instanceof X509Error) return error.code;
    throw error;
  }
  return 'accepted';
}

function readAll(der: Uint8Array): number {
  return [...revokedCertificates(parseCertificateList(der))].length;
}

function signatureHolds(list: CertificateList): boolean {
  return verifySignature({
    algorithm: list.signatureAlgorithm,
    subjectPublicKeyInfo: root.key.subjectPublicKeyInfo,
    data: list.tbsCertList,
    signature: list.signature,
  });
}

describe('parseCertificateList', () => {
  it('reads fields, entries, reasons and extensions', () => {
    const list = parseCertificateList(build());
    expect(list).toMatchObject({ version: 2, thisUpdate: TEST_NOW, nextUpdate: TEST_NOW + 60 });
    expect(parseCRLNumber(list.extensions.get(Oid.cRLNumber)!.value)).toBe(7n);
    expect(signatureHolds(list)).toBe(true);
    const absent = { reasonCode: undefined, invalidityDate: undefined, certificateIssuer: undefined };
    const plain = { ...absent, revocationDate: TEST_NOW };
    expect([...revokedCertificates(list)]).toEqual([
      { ...plain, serialNumber: Uint8Array.of(1) },
      { ...plain, serialNumber: Uint8Array.of(0, 0x80), reasonCode: 'keyCompromise' },
      { ...plain, serialNumber: Uint8Array.of(3), reasonCode: 'keyCompromise', invalidityDate: TEST_NOW - 5 },
    ]);
    expect(findRevoked(list, Uint8Array.of(0, 0x80))?.reasonCode).toBe('keyCompromise');
    expect(findRevoked(list, Uint8Array.of(2))).toBeUndefined();
  });

  it('reads an empty list, and one without nextUpdate', () => {
    const list = parseCertificateList(build({ entries: NOTHING, nextUpdate: NOTHING }));
    expect(list.nextUpdate).toBeUndefined();
    expect([...revokedCertificates(list)]).toEqual([]);
    expect(findRevoked(list, Uint8Array.of(1))).toBeUndefined();
  });

  it('reads nextUpdate beyond 2049', () => {
    const nextUpdate = Date.UTC(2050, 0, 1) / 1000;
    expect(parseCertificateList(build({ nextUpdate: encodeTime(nextUpdate) })).nextUpdate).toBe(nextUpdate);
  });

  it('reads certificateIssuer of one entry, for who knows indirect CRLs', () => {
    expect(parseRevokedCertificate(entry(1, CERTIFICATE_ISSUER), 2).certificateIssuer).toEqual([ISSUER]);
    expect(codeOf(() => parseRevokedCertificate(entry(1, CERTIFICATE_ISSUER), 1))).toBe('VERSION_INVALID');
  });

  it('reads what openssl issues as @peculiar/x509 does', () => {
    using folder = new OpensslFolder();
    folder.write('ca.pem', root.key.privateKey.export({ format: 'pem', type: 'pkcs8' }));
    folder.write('ca.der', root.der);
    folder.write('number', '0A\n');
    const lines = ['01', '80', 'FF'].map(
      (serial) => `R\t270101000000Z\t260101000000Z,superseded\t${serial}\tunknown\t/CN=x`,
    );
    folder.write('index', `${lines.join('\n')}\n`);
    folder.write(
      'ca.cnf',
      '[ca]\ndefault_ca=c\n[c]\ndatabase=index\ncrlnumber=number\ndefault_md=sha256\ncrl_extensions=e\n[e]\nauthorityKeyIdentifier=keyid\n',
    );
    folder.run('x509', '-in', 'ca.der', '-out', 'ca.crt');
    folder.run(
      'ca',
      '-config',
      'ca.cnf',
      '-gencrl',
      '-crldays',
      '7',
      '-keyfile',
      'ca.pem',
      '-cert',
      'ca.crt',
      '-out',
      'crl.pem',
    );
    folder.run('crl', '-in', 'crl.pem', '-outform', 'DER', '-out', 'crl.der');
    const der = folder.read('crl.der');
    const ours = parseCertificateList(der);
    const theirs = new peculiar.X509Crl(Buffer.from(der));
    expect(signatureHolds(ours)).toBe(true);
    expect([ours.thisUpdate, ours.nextUpdate]).toEqual([
      theirs.thisUpdate.getTime() / 1000,
      (theirs.nextUpdate?.getTime() ?? 0) / 1000,
    ]);
    expect(
      [...revokedCertificates(ours)].map((e) => [
        toHex(e.serialNumber).replace(/^00/, ''),
        e.revocationDate,
        e.reasonCode,
      ]),
    ).toEqual(theirs.entries.map((e) => [e.serialNumber, e.revocationDate.getTime() / 1000, 'superseded']));
    expect(parseCRLNumber(ours.extensions.get(Oid.cRLNumber)!.value)).toBe(10n);
  });

  const critical = encodeExtension('1.2.3', true, encodeNull());
  const cases: readonly [string, X509ErrorCode, Partial<ReturnType<typeof parts>>][] = [
    ['version 3', 'VERSION_INVALID', { version: encodeSmallInteger(2) }],
    ['extensions in v1', 'VERSION_INVALID', { version: NOTHING }],
    ['entry extensions in v1', 'VERSION_INVALID', { version: NOTHING, extensions: NOTHING }],
    ['another inner algorithm', 'SIGNATURE_ALGORITHM_MISMATCH', { algorithm: encodeSequence() }],
    ['an empty issuer', 'NAME_MALFORMED', { issuer: EMPTY_NAME }],
    ['an empty SEQUENCE of entries', 'CERTIFICATE_LIST_MALFORMED', { entries: encodeSequence() }],
    [
      'an entry with an unknown critical extension',
      'EXTENSION_CRITICAL_UNKNOWN',
      { entries: encodeSequence(entry(1, critical)) },
    ],
    [
      'an entry with an empty SEQUENCE of extensions',
      'CERTIFICATE_LIST_MALFORMED',
      {
        entries: encodeSequence(encodeSequence(encodeSmallInteger(1), encodeTime(TEST_NOW), encodeSequence())),
      },
    ],
    ['an entry that is no SEQUENCE', 'CERTIFICATE_LIST_MALFORMED', { entries: encodeSequence(encodeNull()) }],
    [
      'certificateIssuer, for who reads a CRL of one issuer',
      'EXTENSION_CRITICAL_UNKNOWN',
      { entries: encodeSequence(entry(1, CERTIFICATE_ISSUER)) },
    ],
    ['thisUpdate as GeneralizedTime before 2050', 'CERTIFICATE_LIST_MALFORMED', { thisUpdate: GENERALIZED }],
    ['nextUpdate as GeneralizedTime before 2050', 'CERTIFICATE_LIST_MALFORMED', { nextUpdate: GENERALIZED }],
    [
      'a third time',
      'CERTIFICATE_LIST_MALFORMED',
      {
        nextUpdate: concatBytes(encodeTime(TEST_NOW), encodeGeneralizedTime(TEST_NOW)),
      },
    ],
  ];

  it.each(cases)('refuses %s', (_name, code, change) => {
    expect(codeOf(() => readAll(build(change)))).toBe(code);
  });

  it('throws nothing but X509Error on hostile variants', () => {
    const variants = hostileVariants(build(), 13);
    let refused = 0;
    for (let i = 0; i < 3000; i++) {
      const { value: der } = variants.next();
      if (codeOf(() => readAll(der)) !== 'accepted') refused++;
      codeOf(() => findRevoked(parseCertificateList(der), Uint8Array.of(9)));
    }
    expect(refused).toBeGreaterThan(1500);
  });
});
