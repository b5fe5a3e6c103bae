import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';

import {
  concatBytes,
  DerReader,
  encodeBitString,
  encodeElement,
  encodeExplicit,
  encodeInteger,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  encodeSmallInteger,
  encodeTime,
  Oid,
  Tag,
  toHex,
} from '@touchmark/der';
import * as peculiar from '@peculiar/x509';
import { describe, expect, it } from 'vitest';

import { fixedKey, generateTestKey, hostileVariants, signTestObject, TEST_NOW, TestCa } from '@touchmark/testkit';

import { type Certificate, isSelfIssued, parseCertificate } from './certificate.js';
import { X509Error, type X509ErrorCode } from './error.js';
import { encodeExtension } from './extension.js';
import { EMPTY_NAME, encodeName } from './name.js';
import { decodePem } from './pem.js';
import { encodeSignatureAlgorithm } from './signature.js';

function refusalOf(der: Uint8Array): X509ErrorCode | 'accepted' {
  try {
    parseCertificate(der);
  } catch (error) {
    if (error instanceof X509Error) return error.code;
    throw error;
  }
  return 'accepted';
}

function comparable(certificate: Certificate): object {
  const { serialNumber, notBefore, notAfter, subjectPublicKeyInfo } = certificate;
  const serial = toHex(serialNumber).replace(/^(?:00)+/, '');
  return { serial, notBefore, notAfter, spki: toHex(subjectPublicKeyInfo) };
}

function comparableByNode(der: Uint8Array): object {
  const certificate = new X509Certificate(der);
  return {
    serial: certificate.serialNumber.toLowerCase(),
    notBefore: certificate.validFromDate.getTime() / 1000,
    notAfter: certificate.validToDate.getTime() / 1000,
    spki: certificate.publicKey.export({ format: 'der', type: 'spki' }).toString('hex'),
  };
}

const key = generateTestKey();
const root = TestCa.root({ key });

/** The parts of a plain certificate's tbsCertificate, to be replaced one at a time. */
function parts(): Record<
  'version' | 'serial' | 'algorithm' | 'issuer' | 'validity' | 'subject' | 'spki' | 'rest',
  Uint8Array
> {
  return {
    version: encodeExplicit(0, encodeSmallInteger(2)),
    serial: encodeSmallInteger(1),
    algorithm: encodeSignatureAlgorithm('ecdsaWithSHA256'),
    issuer: encodeName([{ type: Oid.commonName, value: 'a' }]),
    validity: encodeSequence(encodeTime(TEST_NOW), encodeTime(TEST_NOW)),
    subject: EMPTY_NAME,
    spki: key.subjectPublicKeyInfo,
    rest: new Uint8Array(0),
  };
}

function build(change: Partial<ReturnType<typeof parts>>): Uint8Array {
  return signTestObject(encodeSequence(...Object.values({ ...parts(), ...change })), key);
}

function validityOf(tag: number, text: string): Uint8Array {
  const time = encodeElement(tag, Buffer.from(text, 'latin1'));
  return encodeSequence(time, time);
}

function extensions(...list: Uint8Array[]): Uint8Array {
  return encodeExplicit(3, encodeSequence(...list));
}

function keyOf(oid: string, unusedBits: number): Uint8Array {
  return encodeSequence(encodeSequence(encodeOid(oid)), encodeBitString(Uint8Array.of(0x80), unusedBits));
}

function attribute(text: string): Uint8Array {
  return encodeSequence(encodeOid(Oid.commonName), encodeElement(Tag.UTF8_STRING, Buffer.from(text)));
}

function nameOf(...members: Uint8Array[]): Uint8Array {
  return encodeSequence(encodeElement(Tag.SET, ...members));
}

describe('parseCertificate agrees with node:crypto and @peculiar/x509', () => {
  it('on every root certificate that Node knows, but for serial number 0, which it refuses', () => {
    const refused: string[] = [];
    for (const pem of rootCertificates) {
      const der = decodePem(pem)[0]!.der;
      try {
        expect(comparable(parseCertificate(der))).toEqual(comparableByNode(der));
      } catch (error) {
        if (!(error instanceof X509Error)) throw error;
        refused.push(`${error.code} ${new X509Certificate(der).serialNumber}`);
      }
    }
    expect(new Set(refused)).toEqual(new Set(['SERIAL_NUMBER_INVALID 0']));
  });

  it('on names, extensions and signature, octet by octet', () => {
    const { der, certificate } = root.issue({ subjectAltName: [{ kind: 'dNSName', value: 'a.example' }] });
    const theirs = new peculiar.X509Certificate(der);
    expect(toHex(certificate.issuer)).toBe(Buffer.from(theirs.issuerName.toArrayBuffer()).toString('hex'));
    expect(toHex(certificate.subject)).toBe(Buffer.from(theirs.subjectName.toArrayBuffer()).toString('hex'));
    expect(toHex(certificate.signature)).toBe(Buffer.from(theirs.signature).toString('hex'));
    const ours = [...certificate.extensions].map(([oid, { critical, value }]) => [oid, critical, toHex(value)]);
    expect(ours).toEqual(theirs.extensions.map((e) => [e.type, e.critical, Buffer.from(e.value).toString('hex')]));
    expect(ours.map(([oid]) => oid)).toContain(Oid.subjectAltName);
  });

  it('on what it accepts of hostile variants, and throws nothing but its errors on the rest', () => {
    const fixed = TestCa.root({ key: fixedKey(1), serialNumber: Uint8Array.of(1) });
    const leaf = fixed.issueDer({ key: fixedKey(2), serialNumber: Uint8Array.of(2) });
    const variants = hostileVariants(leaf, 7);
    let accepted = 0;
    for (let i = 0; i < 1200; i++) {
      const { value: der } = variants.next();
      if (refusalOf(der) !== 'accepted') continue;
      accepted++;
      let theirs: object | undefined;
      try {
        theirs = comparableByNode(der);
      } catch {
        // Contents that are not ours to judge here: a key off its curve, for one.
        continue;
      }
      expect(comparable(parseCertificate(der))).toEqual(theirs);
    }
    expect(accepted).toBeGreaterThan(50);
  });
});

describe('parseCertificate', () => {
  it('reads what stands there', () => {
    const { der, certificate } = root.issue({ serialNumber: Uint8Array.of(0x80, 1), subject: 'dev' });
    expect(certificate).toMatchObject({
      version: 3,
      notBefore: TEST_NOW - 31_536_000,
      notAfter: TEST_NOW + 31_536_000,
    });
    expect(certificate.serialNumber).toEqual(Uint8Array.of(0, 0x80, 1));
    expect(certificate.signatureAlgorithm.oid).toBe(Oid.ecdsaWithSHA256);
    expect(certificate.extensions.get(Oid.keyUsage)).toEqual({ critical: true, value: Uint8Array.of(3, 2, 7, 0x80) });
    expect(isSelfIssued(certificate)).toBe(false);
    expect(isSelfIssued(root.certificate)).toBe(true);
    expect(certificate.der).toBe(der);
  });

  it('refuses a key that is not whole octets, of whatever algorithm', () => {
    expect(refusalOf(build({ spki: keyOf('1.2.3', 0) }))).toBe('accepted');
    for (const oid of ['1.2.3', Oid.ecPublicKey, Oid.ed25519]) {
      expect(refusalOf(build({ spki: keyOf(oid, 1) }))).toBe('SUBJECT_PUBLIC_KEY_INFO_MALFORMED');
    }
  });

  it('takes v1 without extensions, v2 with unique identifiers, 20 octets of serial number, a time in 9999', () => {
    const ids = concatBytes(encodeElement(0x81, Uint8Array.of(0, 1)), encodeElement(0x82, Uint8Array.of(0, 1)));
    expect(parseCertificate(build({ version: new Uint8Array(0) })).version).toBe(1);
    const v2 = parseCertificate(build({ version: encodeExplicit(0, encodeSmallInteger(1)), rest: ids }));
    expect(v2.version).toBe(2);
    expect(refusalOf(build({ serial: encodeInteger(new Uint8Array(20).fill(0x7f)) }))).toBe('accepted');
    const never = encodeSequence(encodeTime(TEST_NOW), encodeTime(253_402_300_799));
    expect(parseCertificate(build({ validity: never })).notAfter).toBe(253_402_300_799);
  });

  const value = encodeOctetString(encodeSequence());
  const extension = encodeExtension('1.2.3', false, encodeSequence());
  const cases: readonly [string, X509ErrorCode, Partial<ReturnType<typeof parts>>][] = [
    ['an encoded version 1', 'VERSION_INVALID', { version: encodeExplicit(0, encodeSmallInteger(0)) }],
    ['version 4', 'VERSION_INVALID', { version: encodeExplicit(0, encodeSmallInteger(3)) }],
    ['extensions in v1', 'VERSION_INVALID', { version: new Uint8Array(0), rest: extensions(extension) }],
    ['unique identifiers in v1', 'VERSION_INVALID', { version: new Uint8Array(0), rest: encodeElement(0x81) }],
    [
      'a unique identifier that is no BIT STRING',
      'CERTIFICATE_MALFORMED',
      { version: encodeExplicit(0, encodeSmallInteger(1)), rest: encodeElement(0x82, Uint8Array.of(1, 1)) },
    ],
    [
      'unique identifiers in the wrong order',
      'CERTIFICATE_MALFORMED',
      {
        version: encodeExplicit(0, encodeSmallInteger(1)),
        rest: concatBytes(encodeElement(0x82, Uint8Array.of(0)), encodeElement(0x81, Uint8Array.of(0))),
      },
    ],
    [
      'extensions in v2',
      'VERSION_INVALID',
      { version: encodeExplicit(0, encodeSmallInteger(1)), rest: extensions(extension) },
    ],
    ['a time without seconds', 'CERTIFICATE_MALFORMED', { validity: validityOf(Tag.UTC_TIME, '2607010000Z') }],
    ['a time with an offset', 'CERTIFICATE_MALFORMED', { validity: validityOf(Tag.UTC_TIME, '260701000000+0000') }],
    [
      'a fraction of a second',
      'CERTIFICATE_MALFORMED',
      { validity: validityOf(Tag.GENERALIZED_TIME, '20260701000000.5Z') },
    ],
    ['a day that does not exist', 'CERTIFICATE_MALFORMED', { validity: validityOf(Tag.UTC_TIME, '260229000000Z') }],
    ['serial number 0', 'SERIAL_NUMBER_INVALID', { serial: encodeSmallInteger(0) }],
    ['a negative serial number', 'SERIAL_NUMBER_INVALID', { serial: encodeElement(Tag.INTEGER, Uint8Array.of(0xff)) }],
    ['a serial number of 21 octets', 'SERIAL_NUMBER_INVALID', { serial: encodeInteger(new Uint8Array(20).fill(0x80)) }],
    ['another inner algorithm', 'SIGNATURE_ALGORITHM_MISMATCH', { algorithm: encodeSignatureAlgorithm('ed25519') }],
    ['an empty issuer', 'NAME_MALFORMED', { issuer: EMPTY_NAME }],
    ['an empty RDN', 'CERTIFICATE_MALFORMED', { subject: nameOf() }],
    ['an unsorted RDN', 'CERTIFICATE_MALFORMED', { subject: nameOf(attribute('b'), attribute('a')) }],
    ['one attribute twice in an RDN', 'CERTIFICATE_MALFORMED', { subject: nameOf(attribute('a'), attribute('a')) }],
    ['a third time', 'CERTIFICATE_MALFORMED', { validity: encodeSequence(...[1, 2, 3].map(encodeTime)) }],
    ['no extension at all in extensions', 'CERTIFICATE_MALFORMED', { rest: extensions() }],
    ['an extension twice', 'EXTENSION_DUPLICATE', { rest: extensions(extension, extension) }],
    [
      'critical FALSE spelled out',
      'EXTENSION_MALFORMED',
      { rest: extensions(encodeSequence(encodeOid('1.2.3'), Uint8Array.of(1, 1, 0), value)) },
    ],
    ['something after the extensions', 'CERTIFICATE_MALFORMED', { rest: concatBytes(extensions(extension), value) }],
  ];

  it.each(cases)('refuses %s with %s', (_name, code, change) => {
    expect(refusalOf(build(change))).toBe(code);
  });

  it.each([
    ['0', Uint8Array.of(0)],
    ['-1', Uint8Array.of(0xff)],
    ['of 32 octets', new Uint8Array(32).fill(0x11)],
  ])('reads serial number %s where any is asked for', (_name, octets) => {
    const der = build({ serial: encodeElement(Tag.INTEGER, octets) });
    expect(refusalOf(der)).toBe('SERIAL_NUMBER_INVALID');
    expect(parseCertificate(der, { serialNumbers: 'any' }).serialNumber).toEqual(octets);
  });

  it('reads no padded serial number, whatever is asked for', () => {
    const der = build({ serial: encodeElement(Tag.INTEGER, Uint8Array.of(0, 1)) });
    expect(() => parseCertificate(der, { serialNumbers: 'any' })).toThrow(
      expect.objectContaining({ code: 'CERTIFICATE_MALFORMED' }),
    );
  });

  it.each([
    ['UTCTime of this century', Tag.UTC_TIME, '491231235959Z', 2_524_607_999],
    ['UTCTime of the last', Tag.UTC_TIME, '500101000000Z', -631_152_000],
    ['GeneralizedTime before 2050, which binds issuers alone', Tag.GENERALIZED_TIME, '20260701000000Z', TEST_NOW],
  ])('reads %s', (_name, tag, text, seconds) => {
    const { notBefore, notAfter } = parseCertificate(build({ validity: validityOf(tag, text) }));
    expect([notBefore, notAfter]).toEqual([seconds, seconds]);
  });

  it('accepts the certificate that those deviate from', () => {
    expect(refusalOf(build({ rest: extensions(extension) }))).toBe('accepted');
  });

  it('keeps the DerError as cause and says where', () => {
    const der = concatBytes(build({}), Uint8Array.of(0));
    const cause = expect.objectContaining({ code: 'DER_TRAILING_DATA', offset: der.length - 1 });
    expect(() => parseCertificate(der)).toThrow(expect.objectContaining({ code: 'CERTIFICATE_MALFORMED', cause }));
  });

  it('refuses a signature that is not whole octets', () => {
    const reader = new DerReader(build({})).read(Tag.SEQUENCE);
    const der = encodeSequence(reader.readElement(), reader.readElement(), encodeBitString(Uint8Array.of(0x80), 7));
    expect(refusalOf(der)).toBe('CERTIFICATE_MALFORMED');
  });
});
