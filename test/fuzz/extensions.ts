import {
  encodeBitString,
  encodeBoolean,
  encodeExplicit,
  encodeImplicit,
  encodeInteger,
  encodeNull,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  encodeSmallInteger,
  encodeUtf8String,
  Oid,
} from '@touchmark/der';
import {
  encodeAuthorityInfoAccess,
  encodeBasicConstraints,
  encodeCertificatePolicies,
  encodeCRLDistributionPoints,
  encodeExtension,
  encodeExtKeyUsage,
  encodeGeneralName,
  encodeIssuingDistributionPoint,
  encodeKeyUsage,
  encodeName,
  encodeSubjectAltName,
  type EncodableName,
} from '@touchmark/x509';

const NAME = encodeName([{ type: Oid.organizationName, value: 'Example Örg' }]);

/** A GeneralName of each kind that has an encoder. */
export const GENERAL_NAMES: readonly EncodableName[] = [
  { kind: 'dNSName', value: 'device-1.example.com' },
  { kind: 'rfc822Name', value: 'device@example.com' },
  { kind: 'uniformResourceIdentifier', value: 'spiffe://devices.local/device/m-1/SN-1' },
  { kind: 'iPAddress', value: Uint8Array.of(192, 0, 2, 1) },
  { kind: 'iPAddress', value: Uint8Array.of(0x20, 1, 0xd, 0xb8, ...new Uint8Array(11), 1) },
  { kind: 'directoryName', value: NAME },
  { kind: 'registeredID', value: '1.2.3.4' },
  {
    kind: 'hardwareModuleName',
    hwType: '2.25.340282366920938463463374607431768211455',
    hwSerialNum: new Uint8Array(8),
  },
  { kind: 'otherName', typeId: '1.2.3.5', value: encodeUtf8String('other') },
];

const dns = (value: string): Uint8Array => encodeGeneralName({ kind: 'dNSName', value });
const uri = (value: string): Uint8Array => encodeGeneralName({ kind: 'uniformResourceIdentifier', value });
const constrainedAddress = encodeImplicit(7, Uint8Array.of(10, 0, 0, 0, 255, 0, 0, 0));
const policyInformation = (oid: string, ...qualifiers: Uint8Array[]): Uint8Array =>
  encodeSequence(encodeOid(oid), ...(qualifiers.length === 0 ? [] : [encodeSequence(...qualifiers)]));
const fullName = (...names: Uint8Array[]): Uint8Array => encodeExplicit(0, encodeExplicit(0, ...names));

/** Values of extnValue: of each extension of certificates one or more, some by our writers and some that these do not write. */
export const EXTENSION_VALUES: readonly (readonly [oid: string, value: Uint8Array])[] = [
  [Oid.basicConstraints, encodeBasicConstraints({ cA: true, pathLenConstraint: 3 })],
  [Oid.basicConstraints, encodeBasicConstraints({ cA: false })],
  [Oid.keyUsage, encodeKeyUsage(['digitalSignature', 'keyCertSign', 'cRLSign', 'decipherOnly'])],
  [Oid.extKeyUsage, encodeExtKeyUsage([Oid.clientAuth, Oid.serverAuth, '1.3.6.1.4.1.311.10.3.4'])],
  [Oid.subjectAltName, encodeSubjectAltName(GENERAL_NAMES)],
  [Oid.issuerAltName, encodeSubjectAltName(GENERAL_NAMES.slice(0, 3))],
  [Oid.subjectKeyIdentifier, encodeOctetString(new Uint8Array(20).fill(5))],
  [
    Oid.authorityKeyIdentifier,
    encodeSequence(
      encodeImplicit(0, new Uint8Array(20)),
      encodeExplicit(1, encodeGeneralName({ kind: 'directoryName', value: NAME })),
      encodeImplicit(2, Uint8Array.of(1, 2, 3)),
    ),
  ],
  [
    Oid.nameConstraints,
    encodeSequence(
      encodeExplicit(0, encodeSequence(dns('example.com')), encodeSequence(constrainedAddress)),
      encodeExplicit(
        1,
        encodeSequence(encodeGeneralName({ kind: 'directoryName', value: NAME })),
        encodeSequence(encodeGeneralName({ kind: 'rfc822Name', value: '.example.org' })),
        encodeSequence(uri('.example.net')),
      ),
    ),
  ],
  [Oid.certificatePolicies, encodeCertificatePolicies([Oid.anyPolicy, '1.2.3.4.1'])],
  [
    Oid.certificatePolicies,
    encodeSequence(
      policyInformation('1.2.3.4.1'),
      policyInformation(
        '1.2.3.4.2',
        encodeSequence(encodeOid('1.3.6.1.5.5.7.2.1'), dns('cps').with(0, 0x16)),
        encodeSequence(encodeOid('1.3.6.1.5.5.7.2.2'), encodeSequence(encodeUtf8String('a notice'))),
      ),
    ),
  ],
  [
    Oid.policyMappings,
    encodeSequence(
      encodeSequence(encodeOid('1.2.3.4.1'), encodeOid('1.2.3.5.1')),
      encodeSequence(encodeOid('1.2.3.4.1'), encodeOid('1.2.3.5.2')),
    ),
  ],
  [Oid.policyConstraints, encodeSequence(encodeImplicit(0, Uint8Array.of(0)), encodeImplicit(1, Uint8Array.of(2)))],
  [Oid.inhibitAnyPolicy, encodeSmallInteger(1)],
  [Oid.cRLDistributionPoints, encodeCRLDistributionPoints(['http://pki.example.com/crl/1.crl', 'http://b.example/1'])],
  [
    Oid.cRLDistributionPoints,
    encodeSequence(
      encodeSequence(fullName(uri('http://a.example/')), encodeImplicit(1, Uint8Array.of(1, 0x7e))),
      encodeSequence(
        encodeExplicit(0, encodeExplicit(1, encodeSequence(encodeOid(Oid.commonName), encodeUtf8String('CRL 1')))),
        encodeExplicit(2, encodeGeneralName({ kind: 'directoryName', value: NAME })),
      ),
    ),
  ],
  [Oid.freshestCRL, encodeCRLDistributionPoints(['http://pki.example.com/crl/1.delta'])],
  [
    Oid.authorityInfoAccess,
    encodeAuthorityInfoAccess({ ocsp: ['http://pki.example.com/ocsp'], caIssuers: ['http://pki.example.com/ca.cer'] }),
  ],
  [Oid.noRevAvail, encodeNull()],
  [Oid.ocspNocheck, encodeNull()],
  ['1.2.3.4.5.6', encodeSequence(encodeBoolean(true), encodeBitString(Uint8Array.of(0xa0), 5))],
];

/** Values of extnValue in CRLs and their entries. */
export const CRL_EXTENSION_VALUES: readonly (readonly [oid: string, value: Uint8Array])[] = [
  [Oid.cRLNumber, encodeInteger(Uint8Array.of(1, 2, 3))],
  [Oid.deltaCRLIndicator, encodeSmallInteger(7)],
  [
    Oid.issuingDistributionPoint,
    encodeIssuingDistributionPoint({ uris: ['http://pki.example.com/crl/1.crl'], onlyContainsUserCerts: true }),
  ],
  [
    Oid.issuingDistributionPoint,
    encodeSequence(
      fullName(uri('http://a.example/')),
      encodeImplicit(3, Uint8Array.of(1, 0x7e)),
      encodeImplicit(4, Uint8Array.of(0xff)),
    ),
  ],
  [Oid.certificateIssuer, encodeSequence(encodeGeneralName({ kind: 'directoryName', value: NAME }))],
];

/** The first value of each extension, as Extension elements. */
export function oneOfEach(values: readonly (readonly [oid: string, value: Uint8Array])[]): readonly Uint8Array[] {
  const seen = new Map(values.toReversed());
  return [...seen].map(([oid, value]) => encodeExtension(oid, false, value));
}
