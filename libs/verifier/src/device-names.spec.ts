import { encodeElement, encodeOid, encodeSequence, encodeSetOf, encodeUtf8String, Oid, Tag } from '@touchmark/der';
import { encodeExtension, encodeName, type GeneralName } from '@touchmark/x509';
import { describe, expect, it } from 'vitest';

import { TestCa, type TestCertificateOptions } from '@touchmark/testkit';

import { type DeviceNames, readDeviceNames } from './device-names.js';

const vendor = TestCa.root({ subject: 'Vendor IDevID CA' });
const hwSerialNum = Uint8Array.of(0, 1, 0xff);
const module = { kind: 'hardwareModuleName', hwType: '1.3.6.1.4.1.99999.1', hwSerialNum } as const;
const uri = (value: string): GeneralName & { kind: 'uniformResourceIdentifier' } => ({
  kind: 'uniformResourceIdentifier',
  value,
});
const serial = (value: string): { type: string; value: string } => ({ type: Oid.serialNumber, value });

function namesOf(options: TestCertificateOptions): DeviceNames {
  return readDeviceNames(vendor.issue({ extKeyUsage: null, ...options }).certificate);
}

describe('readDeviceNames', () => {
  it('reads serialNumber, hardwareModuleName and URIs', () => {
    const subject = encodeName([{ type: Oid.organizationName, value: 'Vendor' }, serial('PN-1 SN-2')]);
    expect(namesOf({ subject, subjectAltName: [uri('urn:dev:x'), module, uri('https://v.example/2')] })).toEqual({
      hardwareModuleName: { hwType: '1.3.6.1.4.1.99999.1', hwSerialNum },
      subjectSerialNumber: 'PN-1 SN-2',
      uris: ['urn:dev:x', 'https://v.example/2'],
    });
  });

  it('reads DER too', () => {
    const { certificate, der } = vendor.issue({ subjectAltName: [module] });
    expect(readDeviceNames(der)).toEqual(readDeviceNames(certificate));
    expect(() => readDeviceNames(Uint8Array.of(1))).toThrow(expect.objectContaining({ code: 'CERTIFICATE_MALFORMED' }));
  });

  it('finds none of them in a certificate that has none', () => {
    expect(namesOf({ subject: 'A-1' })).toEqual({
      hardwareModuleName: undefined,
      subjectSerialNumber: undefined,
      uris: [],
    });
  });

  it('reads a serialNumber beside an attribute that is not what its type says', () => {
    const attributes = [
      [Oid.commonName, encodeElement(Tag.PRINTABLE_STRING, Uint8Array.of(0x40))],
      [Oid.serialNumber, encodeUtf8String('S\u00fcd-1')],
    ] as const;
    const subject = encodeSequence(
      ...attributes.map(([type, value]) => encodeSetOf([encodeSequence(encodeOid(type), value)])),
    );
    expect(namesOf({ subject }).subjectSerialNumber).toBe('S\u00fcd-1');
  });

  const teletexSerial = encodeSequence(
    encodeSetOf([encodeSequence(encodeOid(Oid.serialNumber), encodeElement(0x14, Uint8Array.of(0x41)))]),
  );

  it.each<[string, TestCertificateOptions]>([
    ['two serialNumbers', { subject: encodeName([serial('1'), serial('2')]) }],
    ['the same serialNumber twice', { subject: encodeName([serial('1'), serial('1')]) }],
    ['an empty serialNumber', { subject: encodeName([serial('')]) }],
    ['a serialNumber that is no text', { subject: teletexSerial }],
    ['two hardwareModuleNames', { subjectAltName: [module, module] }],
    ['an empty hwSerialNum', { subjectAltName: [{ ...module, hwSerialNum: new Uint8Array() }] }],
    ['a malformed subjectAltName', { extraExtensions: [encodeExtension(Oid.subjectAltName, false, encodeSequence())] }],
  ])('refuses %s', (_name, options) => {
    expect(() => namesOf(options)).toThrow(expect.objectContaining({ code: 'IDENTITY_MALFORMED' }));
  });
});
