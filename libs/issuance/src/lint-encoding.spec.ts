import {
  contextTag,
  DerReader,
  encodeElement,
  encodeExplicit,
  encodeGeneralizedTime,
  encodeIa5String,
  encodeImplicit,
  encodeOid,
  encodeSequence,
  encodeSet,
  encodeUtf8String,
  Oid,
  Tag,
} from '@touchmark/der';
import { encodeExtension, encodeGeneralName, parseSubjectPublicKeyInfo } from '@touchmark/x509';
import { beforeAll, describe, expect, it } from 'vitest';

import { encodeCertificateNames } from './certificate-names.js';
import type { Issuer } from './issuer.js';
import { profileByName } from './profiles.js';
import { ecKey, NOW, PUBLICATION_POINTS, specHierarchy, spkiOf } from './spec-authorities.js';
import { buildTbsCertificate, type CertificateTemplate, compileTemplate } from './template.js';
import type { CertificateFacts } from './template-facts.js';
import { validityFor } from './validity.js';

// Each of these reads back as what was asked for; only the octets say that it is something else, or says it in another way.

const profile = profileByName('ldevid');
const fields = { realm: 'devices.local', model: 'm-1', deviceSerial: 'SN-1' };
const { crl, ocsp, caIssuers } = PUBLICATION_POINTS;
const POLICY = '2.25.329800735698586629295641978511506172918';
const subjectPublicKeyInfo = spkiOf(ecKey('P-256'));

const uri = (value: string): Uint8Array => encodeGeneralName({ kind: 'uniformResourceIdentifier', value });
const dns = encodeGeneralName({ kind: 'dNSName', value: 'ocsp.example' });
const access = (method: string, location: Uint8Array): Uint8Array => encodeSequence(encodeOid(method), location);
const points = (...contents: Uint8Array[]): Uint8Array => encodeSequence(encodeSequence(...contents));
const pointName = (...names: Uint8Array[]): Uint8Array => encodeExplicit(0, encodeExplicit(0, ...names));

describe('CertificateLint refuses in another encoding', () => {
  let template: CertificateTemplate;
  let own: CertificateFacts;
  let tbs: readonly Uint8Array[];
  beforeAll(async () => {
    const { issuers } = await specHierarchy();
    const issuer: Issuer = issuers.ldevid;
    template = compileTemplate({
      profile,
      issuer,
      publicationPoints: PUBLICATION_POINTS,
      assurancePolicy: POLICY,
    });
    own = {
      fields,
      subjectPublicKeyInfo,
      serialNumber: Uint8Array.from({ length: 16 }, (_, n) => 0x54 + n),
      ...validityFor(profile, issuer.certificate, NOW),
      now: NOW,
    };
    tbs = elementsOf(build(template));
    template.lint.check(build(template), own);
  });

  function build(from: CertificateTemplate): Uint8Array {
    const names = encodeCertificateNames(profile, fields);
    return buildTbsCertificate(from, { ...own, names, key: parseSubjectPublicKeyInfo(subjectPublicKeyInfo) });
  }

  /** The TBS with one of its fields replaced: 4 validity, 5 subject, 6 subjectPublicKeyInfo. */
  function withField(index: number, ...by: Uint8Array[]): Uint8Array {
    return encodeSequence(...tbs.slice(0, index), ...by, ...tbs.slice(index + 1));
  }

  function withExtension(oid: string, value: Uint8Array, critical = false): Uint8Array {
    const id = Buffer.from(encodeOid(oid));
    const others = elementsOf(encodeSequence(template.fixedExtensions)).filter((e) => !Buffer.from(e).includes(id));
    return build({ ...template, fixedExtensions: Buffer.concat([...others, encodeExtension(oid, critical, value)]) });
  }

  it.each([
    ['issuerUniqueID', [encodeElement(contextTag(1), Uint8Array.of(0, 1))]],
    ['subjectUniqueID', [encodeElement(contextTag(2), Uint8Array.of(0, 1))]],
  ])('%s', (_, uniqueIds) => {
    expect(() => template.lint.check(withField(6, subjectPublicKeyInfo, ...uniqueIds), own)).toThrow(
      refusal('there is no issuerUniqueID or subjectUniqueID'),
    );
  });

  it('a date before 2050 as GeneralizedTime, first or second', () => {
    const generalized = [own.notBefore, own.notAfter].map(encodeGeneralizedTime);
    const asWritten = elementsOf(tbs[4]!);
    for (const which of [0, 1]) {
      const validity = encodeSequence(...asWritten.with(which, generalized[which]!));
      expect(() => template.lint.check(withField(4, validity), own)).toThrow(refusal('dates through 2049 are UTCTime'));
    }
  });

  it.each([
    ['UTF8String', encodeUtf8String],
    ['IA5String', encodeIa5String],
  ])('serialNumber as %s', (_, encode) => {
    const subject = encodeSequence(encodeSet(encodeSequence(encodeOid(Oid.serialNumber), encode('SN-1'))));
    expect(() => template.lint.check(withField(5, subject), own)).toThrow(
      refusal('subject is what the profile makes of the fields'),
    );
  });

  it.each<[string, string, () => Uint8Array]>([
    ['a purpose twice', Oid.extKeyUsage, () => encodeSequence(encodeOid(Oid.clientAuth), encodeOid(Oid.clientAuth))],
    [
      'a further access method',
      Oid.authorityInfoAccess,
      () =>
        encodeSequence(access(Oid.ocsp, uri(ocsp)), access(Oid.caIssuers, uri(caIssuers)), access('1.2.3', uri(ocsp))),
    ],
    [
      'a location that is no URI',
      Oid.authorityInfoAccess,
      () => encodeSequence(access(Oid.ocsp, uri(ocsp)), access(Oid.ocsp, dns), access(Oid.caIssuers, uri(caIssuers))),
    ],
    [
      'access methods in another order',
      Oid.authorityInfoAccess,
      () => encodeSequence(access(Oid.caIssuers, uri(caIssuers)), access(Oid.ocsp, uri(ocsp))),
    ],
    [
      'a second name of the CRL',
      Oid.cRLDistributionPoints,
      () => points(pointName(uri(crl), uri('http://x.example/1.crl'))),
    ],
    [
      'a CRL for some reasons',
      Oid.cRLDistributionPoints,
      () => points(pointName(uri(crl)), encodeImplicit(1, Uint8Array.of(1, 2))),
    ],
    [
      'a distribution point more',
      Oid.cRLDistributionPoints,
      () => encodeSequence(encodeSequence(pointName(uri(crl))), encodeSequence(pointName(uri(crl)))),
    ],
    [
      'a policy qualifier',
      Oid.certificatePolicies,
      () =>
        encodeSequence(
          encodeSequence(
            encodeOid(POLICY),
            encodeSequence(encodeSequence(encodeOid('1.3.6.1.5.5.7.2.1'), encodeIa5String('http://cps.example'))),
          ),
        ),
    ],
    ['trailing zero bits of keyUsage', Oid.keyUsage, () => Uint8Array.of(0x03, 0x02, 0x00, 0x80)],
  ])('%s', (_, oid, value) => {
    const changed = withExtension(oid, value(), oid === Oid.keyUsage);
    expect(() => template.lint.check(changed, own)).toThrow(refusal(`extension ${oid} is what the profile says`));
  });

  it('an extension that is critical and must not be', () => {
    const value = encodeSequence(encodeOid(Oid.clientAuth));
    expect(() => template.lint.check(withExtension(Oid.extKeyUsage, value), own)).not.toThrow();
    expect(() => template.lint.check(withExtension(Oid.extKeyUsage, value, true), own)).toThrow(
      refusal(`extension ${Oid.extKeyUsage} is what the profile says`),
    );
  });
});

function elementsOf(sequence: Uint8Array): Uint8Array[] {
  const contents = new DerReader(sequence).read(Tag.SEQUENCE);
  const elements: Uint8Array[] = [];
  while (!contents.done) elements.push(contents.readElement());
  return elements;
}

function refusal(finding: string): unknown {
  return expect.objectContaining({ code: 'LINT_FAILED', context: { findings: [finding] } });
}
