import { contextTag, encodeElement, encodeExplicit, encodeImplicit, encodeSequence, Oid } from '@touchmark/der';
import { encodeExtension, encodeName } from '@touchmark/x509';
import { expect, it } from 'vitest';

import { generateTestKey, TEST_NOW, TestCa, type TestCertificateOptions } from '@touchmark/testkit';

import { likeliestFirst } from './issuer-order.js';
import { knownPathCertificate, type PathCertificate } from './path-certificate.js';

const key = generateTestKey();
const root = TestCa.root({ key });
const ca = (options: TestCertificateOptions): PathCertificate =>
  knownPathCertificate(root.issueCa({ subject: 'CA', key, ...options }).certificate);

const id = Uint8Array.of(1, 2, 3);
const serial = Uint8Array.of(0x11);
const other = ca({ subjectKeyIdentifier: Uint8Array.of(9) });
const none = ca({ subjectKeyIdentifier: null });
const sameKey = ca({ subjectKeyIdentifier: id });
const sameSerial = ca({ subjectKeyIdentifier: null, serialNumber: serial });
const otherBySerial = ca({ subjectKeyIdentifier: Uint8Array.of(9), serialNumber: serial });

it('leaves candidates in their order when nothing is said of the issuer’s key', () => {
  const signed = knownPathCertificate(root.issue({ authorityKeyIdentifier: null }).certificate);
  expect(likeliestFirst(signed, [other, none, sameKey], TEST_NOW)).toEqual([other, none, sameKey]);
});

it('puts the key identifier that is named first, one that differs last, and leaves none out', () => {
  const signed = knownPathCertificate(root.issue({ authorityKeyIdentifier: id }).certificate);
  expect(likeliestFirst(signed, [other, none, sameKey], TEST_NOW)).toEqual([sameKey, none, other]);
});

it.each<[string, Uint8Array, readonly PathCertificate[]]>([
  ['of the issuer that is named', root.certificate.subject, [sameSerial, none, otherBySerial, other]],
  ['of another issuer', encodeName([{ type: Oid.commonName, value: 'X' }]), [none, sameSerial, other, otherBySerial]],
])('goes by the serial number %s where key identifiers say the same', (_name, issuer, order) => {
  const names = encodeElement(contextTag(1, true), encodeExplicit(4, issuer));
  const value = encodeSequence(encodeImplicit(0, id), names, encodeImplicit(2, serial));
  const extension = encodeExtension(Oid.authorityKeyIdentifier, false, value);
  const { certificate } = root.issue({ authorityKeyIdentifier: null, extraExtensions: [extension] });
  expect(likeliestFirst(knownPathCertificate(certificate), [other, otherBySerial, none, sameSerial], TEST_NOW)).toEqual(
    order,
  );
});

it('puts those that have ended behind those that are as likely', () => {
  const signed = knownPathCertificate(root.issue({ authorityKeyIdentifier: id }).certificate);
  const ended = ca({ subjectKeyIdentifier: id, notAfter: TEST_NOW - 1 });
  expect(likeliestFirst(signed, [none, ended, sameKey], TEST_NOW)).toEqual([sameKey, ended, none]);
});
