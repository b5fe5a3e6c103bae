import { encodePrintableString, encodeOid, encodeSequence, encodeSet, Oid } from '@touchmark/der';
import {
  encodeExtKeyUsage,
  encodeName,
  encodeSubjectAltName,
  parseCertificate,
  parseCertificationRequest,
} from '@touchmark/x509';
import { beforeAll, describe, expect, it } from 'vitest';

import { encodeCertificateNames } from './certificate-names.js';
import { IssuanceError } from './issuance-error.js';
import { profileByName } from './profiles.js';
import { checkReenrollNames, checkRequestedNames } from './requested-names.js';
import { ecKey, NOW, PUBLICATION_POINTS, specHierarchy } from './spec-authorities.js';
import { specCertificate } from './spec-certificates.js';
import { specRequest } from './spec-requests.js';

const key = ecKey('P-256');
const device = { realm: 'devices.local', organization: 'Acme', model: 'm-1', deviceSerial: 'SN-1', hwType: '1.2.3' };
const names = encodeCertificateNames(profileByName('idevid'), device);
const otherUri = encodeSubjectAltName([{ kind: 'uniformResourceIdentifier', value: 'spiffe://x/device/m/other' }]);
const altName = (value: Uint8Array) => ({ oid: Oid.subjectAltName, value });

function code(check: () => void): string {
  try {
    check();
    return 'accepted';
  } catch (error) {
    if (error instanceof IssuanceError) return error.code;
    throw error;
  }
}

function checkFirst(o: Parameters<typeof specRequest>[1]): string {
  return code(() => checkRequestedNames(parseCertificationRequest(specRequest(key, o)), names));
}

describe('checkRequestedNames', () => {
  it('accepts an empty subject, the subject of the profile, and its subjectAltName', () => {
    expect(checkFirst({})).toBe('accepted');
    expect(checkFirst({ subject: names.subject })).toBe('accepted');
    expect(checkFirst({ extensions: [altName(names.subjectAltName ?? new Uint8Array())] })).toBe('accepted');
  });

  it('accepts the same subject in another string type', () => {
    const printable = [
      [Oid.organizationName, 'Acme'],
      [Oid.organizationalUnitName, 'm-1'],
      [Oid.serialNumber, 'SN-1'],
    ].map(([type = '', value = '']) => encodeSet(encodeSequence(encodeOid(type), encodePrintableString(value))));
    expect(checkFirst({ subject: encodeSequence(...printable) })).toBe('accepted');
  });

  it('refuses another subject: other text, other order, more, less', () => {
    const o = { type: Oid.organizationName, value: 'Acme' };
    const ou = { type: Oid.organizationalUnitName, value: 'm-1' };
    const serial = { type: Oid.serialNumber, value: 'SN-1' };
    const wrong = [
      [o, ou, { ...serial, value: 'sn-1' }],
      [ou, o, serial],
      [o, ou, serial, { type: Oid.commonName, value: 'SN-1' }],
      [serial],
    ];
    for (const subject of wrong) expect(checkFirst({ subject: encodeName(subject) })).toBe('CSR_SUBJECT_MISMATCH');
  });

  it('refuses another subjectAltName, and any other extension by name', () => {
    expect(checkFirst({ extensions: [altName(otherUri)] })).toBe('CSR_SAN_MISMATCH');
    const extKeyUsage = { oid: Oid.extKeyUsage, value: encodeExtKeyUsage([Oid.clientAuth]) };
    const request = parseCertificationRequest(specRequest(key, { extensions: [extKeyUsage] }));
    expect(() => checkRequestedNames(request, names)).toThrow(
      expect.objectContaining({ code: 'CSR_EXTENSION_REFUSED', context: { oid: Oid.extKeyUsage } }),
    );
  });

  it('refuses any subjectAltName where the profile makes none', () => {
    const none = encodeCertificateNames(profileByName('ocsp-signer'), { name: 'OCSP 1' });
    const request = parseCertificationRequest(specRequest(key, { extensions: [altName(otherUri)] }));
    expect(code(() => checkRequestedNames(request, none))).toBe('CSR_SAN_MISMATCH');
  });
});

describe('checkReenrollNames', () => {
  let presented: ReturnType<typeof parseCertificate>;
  beforeAll(async () => {
    const { issuers } = await specHierarchy();
    const { certificate } = await specCertificate(issuers.ldevid, 'ldevid', device, {
      now: NOW,
      publicationPoints: PUBLICATION_POINTS,
    });
    presented = parseCertificate(certificate);
  });
  const check = (o: Parameters<typeof specRequest>[1]) =>
    code(() => checkReenrollNames(parseCertificationRequest(specRequest(key, o)), presented));
  const held = () => altName(presented.extensions.get(Oid.subjectAltName)?.value ?? new Uint8Array());

  it('accepts the names of the presented certificate, and its own extensions copied', () => {
    expect(check({ subject: presented.subject, extensions: [held()] })).toBe('accepted');
    const copied = [...presented.extensions].map(([oid, { critical, value }]) => ({ oid, critical, value }));
    expect(check({ subject: presented.subject, extensions: copied })).toBe('accepted');
  });

  it('refuses an empty or another subject, and an absent or another subjectAltName', () => {
    expect(check({ extensions: [held()] })).toBe('CSR_SUBJECT_MISMATCH');
    expect(check({ subject: names.subject, extensions: [held()] })).toBe('CSR_SUBJECT_MISMATCH');
    expect(check({ subject: presented.subject })).toBe('CSR_SAN_MISMATCH');
    expect(check({ subject: presented.subject, extensions: [altName(otherUri)] })).toBe('CSR_SAN_MISMATCH');
  });

  it('refuses an extension that the certificate has not, or has with another value', () => {
    const extKeyUsage = { oid: Oid.extKeyUsage, value: encodeExtKeyUsage([Oid.clientAuth, Oid.serverAuth]) };
    const nocheck = { oid: Oid.ocspNocheck, value: Uint8Array.of(5, 0) };
    for (const extra of [extKeyUsage, nocheck]) {
      expect(check({ subject: presented.subject, extensions: [held(), extra] })).toBe('CSR_EXTENSION_REFUSED');
    }
  });
});
