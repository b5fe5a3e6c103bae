import {
  encodeExplicit,
  encodeImplicit,
  encodeInteger,
  encodeSequence,
  encodeSmallInteger,
  encodeTime,
  Oid,
} from '@touchmark/der';
import {
  type Certificate,
  encodeAuthorityKeyIdentifier,
  encodeCRLNumber,
  encodeExtension,
  encodeGeneralName,
  encodeReasonCode,
  encodeReasonFlags,
  encodeSubjectAltName,
  type EncodableName,
  keyIdentifier,
  parseSubjectPublicKeyInfo,
  type ReasonCode,
  type ReasonFlag,
} from '@touchmark/x509';

import { signatureAlgorithmOf, signTestObject, TEST_NOW, type TestKey } from './test-pki.js';

const DAY = 86_400;

/** A distribution point by a URI, by names, or by what stands behind the name of the CRL issuer: DER of the RDN's contents. */
export type TestPointName = string | readonly EncodableName[] | { readonly relative: Uint8Array };

export interface TestCrlEntry {
  /** Magnitude, or the certificate that has it. */
  readonly serialNumber: Uint8Array | Certificate;
  readonly reasonCode?: ReasonCode;
  readonly revocationDate?: number;
  /** DER of Names; makes an entry of an indirect CRL. */
  readonly certificateIssuer?: Uint8Array;
  /** More extensions, each a whole Extension element. */
  readonly extraExtensions?: readonly Uint8Array[];
}

export interface TestScope {
  readonly distributionPoint?: TestPointName;
  readonly onlyContains?: 'user' | 'ca' | 'attribute';
  readonly onlySomeReasons?: readonly ReasonFlag[];
  readonly indirectCRL?: boolean;
}

/** What a test CRL may deviate in. What is left out is as RFC 5280 has it; `null` leaves a field or an extension out. */
export interface TestCrlOptions {
  readonly version?: 1 | 2;
  /** DER of a Name that is not the issuer's. */
  readonly issuer?: Uint8Array;
  /** UTC seconds; a day to each side of TEST_NOW if left out. */
  readonly thisUpdate?: number;
  readonly nextUpdate?: number | null;
  readonly entries?: readonly TestCrlEntry[];
  /** 1 if left out. */
  readonly cRLNumber?: bigint | null;
  readonly authorityKeyIdentifier?: Uint8Array | null;
  readonly scope?: TestScope;
  /** Makes a delta CRL. */
  readonly baseCRLNumber?: bigint;
  readonly extraExtensions?: readonly Uint8Array[];
  /** Signs with this key instead of the issuer's, under the issuer's name. */
  readonly signingKey?: TestKey;
}

/** A CRL, DER, by the holder of a certificate and its key. */
export function makeTestCrl(
  by: { readonly certificate: Certificate; readonly key: TestKey },
  options: TestCrlOptions = {},
): Uint8Array {
  const key = options.signingKey ?? by.key;
  const { version = 2, thisUpdate = TEST_NOW - DAY, nextUpdate = TEST_NOW + DAY } = options;
  const entries = (options.entries ?? []).map(encodeEntry);
  const extensions = version === 1 ? [] : extensionsOf(options, by.key);
  const tbsCertList = encodeSequence(
    ...(version === 1 ? [] : [encodeSmallInteger(1)]),
    signatureAlgorithmOf(key),
    options.issuer ?? by.certificate.subject,
    encodeTime(thisUpdate),
    ...(nextUpdate === null ? [] : [encodeTime(nextUpdate)]),
    ...(entries.length === 0 ? [] : [encodeSequence(...entries)]),
    ...(extensions.length === 0 ? [] : [encodeExplicit(0, encodeSequence(...extensions))]),
  );
  return signTestObject(tbsCertList, key);
}

/** The extension cRLDistributionPoints (or freshestCRL) of a certificate. */
export function testDistributionPoints(
  points: readonly {
    readonly distributionPoint?: TestPointName;
    readonly reasons?: readonly ReasonFlag[];
    /** DER of a Name. */
    readonly cRLIssuer?: Uint8Array;
  }[],
  oid: string = Oid.cRLDistributionPoints,
): Uint8Array {
  const encoded = points.map(({ distributionPoint, reasons, cRLIssuer }) =>
    encodeSequence(
      ...(distributionPoint === undefined ? [] : [encodePointName(distributionPoint)]),
      ...(reasons === undefined ? [] : [encodeReasons(1, reasons)]),
      ...(cRLIssuer === undefined
        ? []
        : [encodeExplicit(2, encodeGeneralName({ kind: 'directoryName', value: cRLIssuer }))]),
    ),
  );
  return encodeExtension(oid, false, encodeSequence(...encoded));
}

function encodeEntry(entry: TestCrlEntry): Uint8Array {
  const { serialNumber, reasonCode, revocationDate = TEST_NOW - DAY, certificateIssuer } = entry;
  const extensions = [
    ...(reasonCode === undefined ? [] : [encodeExtension(Oid.reasonCode, false, encodeReasonCode(reasonCode))]),
    ...(certificateIssuer === undefined ? [] : [certificateIssuerExtension(certificateIssuer)]),
    ...(entry.extraExtensions ?? []),
  ];
  return encodeSequence(
    encodeInteger(serialNumber instanceof Uint8Array ? serialNumber : serialNumber.serialNumber),
    encodeTime(revocationDate),
    ...(extensions.length === 0 ? [] : [encodeSequence(...extensions)]),
  );
}

function certificateIssuerExtension(value: Uint8Array): Uint8Array {
  return encodeExtension(Oid.certificateIssuer, true, encodeSubjectAltName([{ kind: 'directoryName', value }]));
}

function extensionsOf(options: TestCrlOptions, issuerKey: TestKey): Uint8Array[] {
  const { cRLNumber = 1n, scope, baseCRLNumber } = options;
  const { authorityKeyIdentifier = identifierOf(issuerKey) } = options;
  const extensions: Uint8Array[] = [];
  if (authorityKeyIdentifier !== null) {
    const value = encodeAuthorityKeyIdentifier(authorityKeyIdentifier);
    extensions.push(encodeExtension(Oid.authorityKeyIdentifier, false, value));
  }
  if (cRLNumber !== null) extensions.push(encodeExtension(Oid.cRLNumber, false, encodeCRLNumber(cRLNumber)));
  if (baseCRLNumber !== undefined) {
    extensions.push(encodeExtension(Oid.deltaCRLIndicator, true, encodeCRLNumber(baseCRLNumber)));
  }
  if (scope !== undefined) extensions.push(encodeExtension(Oid.issuingDistributionPoint, true, encodeScope(scope)));
  return [...extensions, ...(options.extraExtensions ?? [])];
}

const ONLY = { user: 1, ca: 2, attribute: 5 };
const TRUE = Uint8Array.of(0xff);

function encodeScope({ distributionPoint, onlyContains, onlySomeReasons, indirectCRL }: TestScope): Uint8Array {
  const only = onlyContains === undefined ? undefined : encodeImplicit(ONLY[onlyContains], TRUE);
  return encodeSequence(
    ...(distributionPoint === undefined ? [] : [encodePointName(distributionPoint)]),
    ...(only === undefined || onlyContains === 'attribute' ? [] : [only]),
    ...(onlySomeReasons === undefined ? [] : [encodeReasons(3, onlySomeReasons)]),
    ...(indirectCRL === true ? [encodeImplicit(4, TRUE)] : []),
    ...(only !== undefined && onlyContains === 'attribute' ? [only] : []),
  );
}

function encodePointName(name: TestPointName): Uint8Array {
  if (typeof name === 'string') return encodePointName([{ kind: 'uniformResourceIdentifier', value: name }]);
  if ('relative' in name) return encodeExplicit(0, encodeExplicit(1, name.relative));
  return encodeExplicit(0, encodeExplicit(0, ...name.map(encodeGeneralName)));
}

// [n] IMPLICIT ReasonFlags: the tag of the BIT STRING replaced.
function encodeReasons(n: number, reasons: readonly ReasonFlag[]): Uint8Array {
  const flags = encodeReasonFlags(reasons);
  flags[0] = 0x80 | n;
  return flags;
}

function identifierOf(key: TestKey): Uint8Array {
  return keyIdentifier(parseSubjectPublicKeyInfo(key.subjectPublicKeyInfo));
}
