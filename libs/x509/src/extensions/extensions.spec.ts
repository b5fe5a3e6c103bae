import {
  DerReader,
  encodeElement,
  encodeExplicit,
  encodeNull,
  encodeSequence,
  fromHex,
  MAX_TIME,
  Oid,
  Tag,
  toHex,
} from '@touchmark/der';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { hostileVariants, OpensslFolder, TestCa } from '@touchmark/testkit';

import { X509Error } from '../error.js';
import { encodeExtension } from '../extension.js';
import { encodeName } from '../name.js';
import { encodeAuthorityInfoAccess, parseAuthorityInfoAccess } from './authority-info-access.js';
import { encodeBasicConstraints, parseBasicConstraints } from './basic-constraints.js';
import { encodeCertificatePolicies, parseCertificatePolicies } from './certificate-policies.js';
import {
  encodeCRLNumber,
  encodeInvalidityDate,
  encodeOcspNocheck,
  encodeReasonCode,
  parseBaseCRLNumber,
  parseCertificateIssuer,
  parseCRLNumber,
  parseInvalidityDate,
  parseReasonCode,
  type ReasonCode,
} from './crl-extensions.js';
import {
  distributionPointNames,
  encodeCRLDistributionPoints,
  encodeIssuingDistributionPoint,
  parseCRLDistributionPoints,
  parseFreshestCRL,
  parseIssuingDistributionPoint,
} from './distribution-points.js';
import { encodeExtKeyUsage, parseExtKeyUsage } from './ext-key-usage.js';
import { encodeGeneralName, type EncodableName } from './general-name.js';
import {
  encodeAuthorityKeyIdentifier,
  encodeSubjectKeyIdentifier,
  parseAuthorityKeyIdentifier,
  parseSubjectKeyIdentifier,
} from './key-identifiers.js';
import { ALL_REASONS, encodeReasonFlags } from './reason-flags.js';
import { encodeKeyUsage, type KeyUsage, parseKeyUsage } from './key-usage.js';
import { encodeSubjectAltName, parseSubjectAltName } from './subject-alt-name.js';

const URI = 'http://crl.example/7.crl';
const NAMES: EncodableName[] = [
  { kind: 'uniformResourceIdentifier', value: 'spiffe://devices.local/device/m/A-1' },
  { kind: 'dNSName', value: 'a.example' },
  { kind: 'rfc822Name', value: 'a@b.example' },
  { kind: 'iPAddress', value: Uint8Array.of(127, 0, 0, 1) },
  { kind: 'iPAddress', value: new Uint8Array(16).fill(1) },
  { kind: 'directoryName', value: encodeName([{ type: Oid.commonName, value: 'x' }]) },
  { kind: 'registeredID', value: '1.2.3' },
  { kind: 'otherName', typeId: '1.2.3.4', value: encodeNull() },
  {
    kind: 'hardwareModuleName',
    hwType: '2.25.329800735698586629295641978511506172918',
    hwSerialNum: Buffer.from('A-1'),
  },
];

function textByOpenssl(...extensions: Uint8Array[]): string {
  const { der } = TestCa.root().issue({ keyUsage: null, extKeyUsage: null, extraExtensions: extensions });
  using folder = new OpensslFolder();
  folder.write('leaf.der', der);
  return folder.run('x509', '-in', 'leaf.der', '-noout', '-text');
}

describe('extensions read back what was written', () => {
  it('basicConstraints', () => {
    for (const constraints of [{ cA: false }, { cA: true }, { cA: true, pathLenConstraint: 0 }]) {
      expect(parseBasicConstraints(encodeBasicConstraints(constraints))).toEqual({
        pathLenConstraint: undefined,
        ...constraints,
      });
    }
  });

  it('keyUsage, every set of bits', () => {
    const all: KeyUsage[] = [
      'digitalSignature',
      'nonRepudiation',
      'keyEncipherment',
      'dataEncipherment',
      'keyAgreement',
      'keyCertSign',
      'cRLSign',
      'encipherOnly',
      'decipherOnly',
    ];
    fc.assert(
      fc.property(fc.subarray(all, { minLength: 1 }), (usages) => {
        expect([...parseKeyUsage(encodeKeyUsage(usages))]).toEqual(usages);
      }),
    );
    expect(toHex(encodeKeyUsage(['keyCertSign', 'cRLSign']))).toBe('03020106');
    expect(parseKeyUsage(fromHex('03020080'))).toEqual(new Set(['digitalSignature']));
  });

  it('subjectAltName of every kind', () => {
    const read = parseSubjectAltName(encodeSubjectAltName(NAMES));
    expect(JSON.stringify(read)).toBe(JSON.stringify(NAMES.map((n) => ('hwSerialNum' in n ? plain(n) : n))));
  });

  it('every set of reasons', () => {
    fc.assert(
      fc.property(fc.subarray([...ALL_REASONS]), (flags) => {
        const reasons = encodeReasonFlags(flags);
        reasons[0] = 0x83;
        expect(parseIssuingDistributionPoint(encodeSequence(reasons)).onlySomeReasons).toEqual(new Set(flags));
      }),
    );
    // keyCompromise and cACompromise as openssl writes them; trailing zero bits and unassigned ones change nothing.
    expect(toHex(encodeReasonFlags(['keyCompromise', 'cACompromise']))).toBe('03020560');
    const loose = parseIssuingDistributionPoint(fromHex('3006830400e0007f')).onlySomeReasons;
    expect(loose).toEqual(new Set(['keyCompromise', 'cACompromise']));
  });

  it('distribution points by names, relative ones below who issues the CRL', () => {
    const ca = encodeName([{ type: Oid.organizationName, value: 'o' }]);
    const below = encodeName([
      { type: Oid.organizationName, value: 'o' },
      { type: Oid.commonName, value: 'shard 1' },
    ]);
    const rdn = new DerReader(encodeName([{ type: Oid.commonName, value: 'shard 1' }])).read(Tag.SEQUENCE);
    const relative = encodeExplicit(0, encodeExplicit(1, rdn.readContents(Tag.SET)));
    const issuer = encodeExplicit(2, encodeGeneralName({ kind: 'directoryName', value: ca }));
    const [point] = parseCRLDistributionPoints(encodeSequence(encodeSequence(relative, issuer)));
    expect(point?.cRLIssuer).toEqual([{ kind: 'directoryName', value: ca }]);
    const names = [{ kind: 'directoryName', value: below }];
    expect(distributionPointNames(point?.distributionPoint, ca)).toEqual(names);
    const scope = parseIssuingDistributionPoint(encodeSequence(relative));
    expect(distributionPointNames(scope.distributionPoint, ca)).toEqual(names);
    expect(distributionPointNames(undefined, ca)).toBeUndefined();
  });

  it('the others', () => {
    const id = Uint8Array.of(1, 2, 3);
    expect(parseSubjectKeyIdentifier(encodeSubjectKeyIdentifier(id))).toEqual(id);
    expect(parseAuthorityKeyIdentifier(encodeAuthorityKeyIdentifier(id)).keyIdentifier).toEqual(id);
    expect([...parseExtKeyUsage(encodeExtKeyUsage([Oid.clientAuth, Oid.serverAuth]))]).toEqual([
      Oid.clientAuth,
      Oid.serverAuth,
    ]);
    const access = { ocsp: ['http://a/ocsp'], caIssuers: ['http://a/1.cer', 'http://b/1.cer'] };
    expect(parseAuthorityInfoAccess(encodeAuthorityInfoAccess(access))).toEqual(access);
    expect([...parseCertificatePolicies(encodeCertificatePolicies(['2.25.7', '1.2.3']))]).toEqual(['2.25.7', '1.2.3']);
    const fullName = [{ kind: 'uniformResourceIdentifier', value: URI }];
    const point = { distributionPoint: { fullName }, reasons: undefined, cRLIssuer: undefined };
    expect(parseCRLDistributionPoints(encodeCRLDistributionPoints([URI]))).toEqual([point]);
    expect(parseFreshestCRL(encodeCRLDistributionPoints([URI]))).toEqual([point]);
    expect(
      parseIssuingDistributionPoint(encodeIssuingDistributionPoint({ uris: [URI], onlyContainsUserCerts: true })),
    ).toMatchObject({
      distributionPoint: { fullName },
      onlyContainsUserCerts: true,
      onlyContainsCACerts: false,
      indirectCRL: false,
    });
    expect(parseInvalidityDate(encodeInvalidityDate(MAX_TIME))).toBe(MAX_TIME);
    for (const n of [0n, 127n, 128n, (1n << 159n) - 1n]) {
      expect([parseCRLNumber(encodeCRLNumber(n)), parseBaseCRLNumber(encodeCRLNumber(n))]).toEqual([n, n]);
    }
    const reasons: ReasonCode[] = ['keyCompromise', 'certificateHold', 'removeFromCRL', 'aACompromise'];
    expect(reasons.map((reason) => parseReasonCode(encodeReasonCode(reason)))).toEqual(reasons);
    expect(toHex(encodeReasonCode('aACompromise'))).toBe('0a010a');
    expect(toHex(encodeOcspNocheck())).toBe('0500');
  });

  it('with the same octets for the distribution point in certificate and CRL', () => {
    const point = toHex(encodeCRLDistributionPoints([URI])).slice(8);
    expect(toHex(encodeIssuingDistributionPoint({ uris: [URI] })).slice(4)).toBe(point);
    expect(point.startsWith('a01ca01a8618')).toBe(true);
  });
});

describe('extensions are what openssl reads', () => {
  it('in a certificate', () => {
    const text = textByOpenssl(
      encodeExtension(Oid.basicConstraints, true, encodeBasicConstraints({ cA: true, pathLenConstraint: 3 })),
      encodeExtension(Oid.keyUsage, true, encodeKeyUsage(['digitalSignature', 'decipherOnly'])),
      encodeExtension(Oid.extKeyUsage, false, encodeExtKeyUsage([Oid.clientAuth, Oid.OCSPSigning])),
      encodeExtension(Oid.subjectAltName, false, encodeSubjectAltName(NAMES)),
      encodeExtension(Oid.cRLDistributionPoints, false, encodeCRLDistributionPoints([URI])),
      encodeExtension(Oid.authorityInfoAccess, false, encodeAuthorityInfoAccess({ ocsp: ['http://a/ocsp'] })),
      encodeExtension(Oid.certificatePolicies, false, encodeCertificatePolicies(['2.25.7'])),
      encodeExtension(Oid.ocspNocheck, false, encodeOcspNocheck()),
    );
    for (const line of [
      'CA:TRUE, pathlen:3',
      'Digital Signature, Decipher Only',
      'TLS Web Client Authentication, OCSP Signing',
      'URI:spiffe://devices.local/device/m/A-1, DNS:a.example, email:a@b.example, IP Address:127.0.0.1',
      'DirName:/CN=x, Registered ID:1.2.3, othername:',
      'Full Name:\n                  URI:http://crl.example/7.crl',
      'OCSP - URI:http://a/ocsp',
      'Policy: 2.25.7',
      'OCSP No Check',
    ]) {
      expect(text).toContain(line);
    }
  });
});

describe('extensions refuse', () => {
  const cases: readonly [string, () => unknown][] = [
    ['cA FALSE spelled out', () => parseBasicConstraints(fromHex('3003010100'))],
    ['pathLenConstraint without cA', () => parseBasicConstraints(fromHex('3003020100'))],
    ['a negative pathLenConstraint', () => parseBasicConstraints(fromHex('30060101ff0201ff'))],
    ['keyUsage without a bit', () => parseKeyUsage(fromHex('03020000'))],
    ['extKeyUsage without a purpose', () => parseExtKeyUsage(fromHex('3000'))],
    ['no name in subjectAltName', () => parseSubjectAltName(fromHex('3000'))],
    ['an address of 5 octets', () => parseSubjectAltName(fromHex('300787050102030405'))],
    ['a URI beyond ASCII', () => parseSubjectAltName(fromHex('30038601e9'))],
    ['a GeneralName [9]', () => parseSubjectAltName(fromHex('30028900'))],
    ['authorityCertIssuer without a serial number', () => parseAuthorityKeyIdentifier(fromHex('3004a1028200'))],
    ['a distribution point list without a point', () => parseCRLDistributionPoints(fromHex('3000'))],
    ['a distribution point of reasons alone', () => parseCRLDistributionPoints(fromHex('3006300481020640'))],
    ['a relative name that is empty', () => parseCRLDistributionPoints(fromHex('30063004a002a100'))],
    ['reasons with a bit beyond their count', () => parseIssuingDistributionPoint(fromHex('300483020741'))],
    ['reasons without a count', () => parseIssuingDistributionPoint(fromHex('30028300'))],
    ['a negative BaseCRLNumber', () => parseBaseCRLNumber(fromHex('0201ff'))],
    ['certificateIssuer without a name', () => parseCertificateIssuer(fromHex('3000'))],
    ['an empty issuingDistributionPoint', () => parseIssuingDistributionPoint(fromHex('3000'))],
    ['two scopes at once', () => parseIssuingDistributionPoint(fromHex('30068101ff8201ff'))],
    ['a flag FALSE spelled out', () => parseIssuingDistributionPoint(fromHex('3003810100'))],
    ['reason 7', () => parseReasonCode(fromHex('0a0107'))],
    ['a cRLNumber of 21 octets', () => parseCRLNumber(encodeElement(2, new Uint8Array(21).fill(1)))],
    ['a negative cRLNumber', () => parseCRLNumber(fromHex('0201ff'))],
    ['a policy twice', () => parseCertificatePolicies(encodeSequence(...policyTwice()))],
    ['something behind the end', () => parseSubjectKeyIdentifier(fromHex('04010100'))],
  ];

  it.each(cases)('%s', (_name, parse) => {
    expect(parse).toThrow(expect.objectContaining({ code: 'EXTENSION_MALFORMED' }));
  });

  it.each([
    ['no usage', () => encodeKeyUsage([])],
    ['no purpose', () => encodeExtKeyUsage([])],
    ['no name', () => encodeSubjectAltName([])],
    ['no policy', () => encodeCertificatePolicies([])],
    ['no access', () => encodeAuthorityInfoAccess({})],
    ['no URI', () => encodeCRLDistributionPoints([])],
    [
      'two scopes',
      () => encodeIssuingDistributionPoint({ uris: [URI], onlyContainsCACerts: true, onlyContainsUserCerts: true }),
    ],
    ['pathLenConstraint without cA', () => encodeBasicConstraints({ cA: false, pathLenConstraint: 0 })],
    ['a URI beyond ASCII', () => encodeSubjectAltName([{ kind: 'uniformResourceIdentifier', value: 'é' }])],
    ['a cRLNumber of 160 bits', () => encodeCRLNumber(1n << 159n)],
  ])('to write %s, as misuse', (_name, encode) => {
    expect(encode).toThrow(TypeError);
  });

  it('hostile variants with nothing but X509Error', () => {
    const targets: readonly [Uint8Array, (value: Uint8Array) => unknown][] = [
      [encodeSubjectAltName(NAMES), parseSubjectAltName],
      [encodeCRLDistributionPoints([URI]), parseCRLDistributionPoints],
      [encodeIssuingDistributionPoint({ uris: [URI], onlyContainsUserCerts: true }), parseIssuingDistributionPoint],
      [encodeAuthorityInfoAccess({ ocsp: ['http://a'] }), parseAuthorityInfoAccess],
      [encodeKeyUsage(['cRLSign']), parseKeyUsage],
      [encodeBasicConstraints({ cA: true, pathLenConstraint: 1 }), parseBasicConstraints],
      [encodeCertificatePolicies(['1.2.3']), parseCertificatePolicies],
    ];
    let refused = 0;
    for (const [der, parse] of targets) {
      const variants = hostileVariants(der, 3);
      for (let i = 0; i < 800; i++) {
        try {
          parse(variants.next().value);
        } catch (error) {
          if (!(error instanceof X509Error)) throw error;
          refused++;
        }
      }
    }
    expect(refused).toBeGreaterThan(1000);
  });
});

function policyTwice(): Uint8Array[] {
  const policy = encodeCertificatePolicies(['1.2.3']).subarray(2);
  return [policy, policy];
}

function plain(name: { hwSerialNum: Uint8Array }): object {
  return { ...name, hwSerialNum: new Uint8Array(name.hwSerialNum) };
}
