import {
  encodeBitString,
  encodeBoolean,
  encodeElement,
  encodeExplicit,
  encodeImplicit,
  encodeInteger,
  encodeSequence,
  encodeSmallInteger,
  encodeTime,
  encodeUtf8String,
  encodeOid,
  Oid,
} from '@touchmark/der';
import {
  generateTestKey,
  signatureAlgorithmOf,
  signTestObject,
  type TestCa,
  type TestCertificateOptions,
  type TestKey,
} from '@touchmark/testkit';
import { encodeCRLNumber, encodeExtension, encodeGeneralName, type EncodableName } from '@touchmark/x509';

import { unknown } from './extensions.js';
import { accepted, type Material, type OwnCase, refused } from './own-case.js';
import { dns, ica, leaf, root, uri } from './pki.js';

/** 2024-01-01T00:00:00Z, when every case is judged; its certificates are valid for ten years to both sides. */
const AT = 1_704_067_200;
const DAY = 86_400;
const VALID: TestCertificateOptions = { notBefore: AT - 3650 * DAY, notAfter: AT + 3650 * DAY };

interface CrlOptions {
  readonly revoked?: readonly { readonly serialNumber: Uint8Array; readonly at?: number }[];
  readonly thisUpdate?: number;
  readonly nextUpdate?: number;
  readonly signingKey?: TestKey;
  /** The extension cRLNumber, another form of it, or none. */
  readonly number?: 'plain' | 'critical' | 'none';
  readonly extensions?: readonly Uint8Array[];
}

/** A CRL in the name of `issuer`. */
function crl(issuer: TestCa, options: CrlOptions = {}): Uint8Array {
  const { revoked = [], thisUpdate = AT - DAY, nextUpdate = AT + 30 * DAY, number = 'plain' } = options;
  const key = options.signingKey ?? issuer.key;
  const entries = revoked.map(({ serialNumber, at = AT - DAY }) =>
    encodeSequence(encodeInteger(serialNumber), encodeTime(at)),
  );
  const extensions = [
    ...(number === 'none' ? [] : [encodeExtension(Oid.cRLNumber, number === 'critical', encodeCRLNumber(1n))]),
    ...(options.extensions ?? []),
  ];
  const tbsCertList = encodeSequence(
    encodeSmallInteger(1),
    signatureAlgorithmOf(key),
    issuer.certificate.subject,
    encodeTime(thisUpdate),
    encodeTime(nextUpdate),
    ...(entries.length === 0 ? [] : [encodeSequence(...entries)]),
    ...(extensions.length === 0 ? [] : [encodeExplicit(0, encodeSequence(...extensions))]),
  );
  return signTestObject(tbsCertList, key);
}

const someone = (i = 0): { serialNumber: Uint8Array } => ({
  serialNumber: Uint8Array.of(0x11, i >> 16, (i >> 8) & 0xff, i & 0xff),
});

/** A root, an end entity below, and the CRL that `make` makes of them. */
function withCrl(
  make: (issuer: TestCa, serialNumber: Uint8Array) => Uint8Array,
  ofLeaf: TestCertificateOptions = {},
  ofRoot: TestCertificateOptions = {},
): Material {
  const anchor = root({ ...VALID, ...ofRoot });
  const end = leaf(anchor, { ...VALID, ...ofLeaf });
  return { anchors: [anchor], leaf: end, crls: [make(anchor, end.certificate.serialNumber)], at: AT };
}

const plain = (options: CrlOptions) => (): Material =>
  withCrl((issuer) => crl(issuer, { revoked: [someone()], ...options }));

interface Scope {
  readonly names?: readonly EncodableName[];
  readonly relativeName?: Uint8Array;
  readonly only?: 'users' | 'cas' | 'attributes';
  readonly someReasons?: boolean;
  readonly indirect?: boolean;
}

function distributionPointName(names: readonly EncodableName[]): Uint8Array {
  return encodeExplicit(0, encodeElement(0xa0, ...names.map(encodeGeneralName)));
}

/** issuingDistributionPoint, critical (RFC 5280 5.2.5). */
function scope({ names, relativeName, only, someReasons = false, indirect = false }: Scope): Uint8Array {
  const yes = encodeBoolean(true).subarray(2);
  const value = encodeSequence(
    ...(names === undefined ? [] : [distributionPointName(names)]),
    ...(relativeName === undefined ? [] : [encodeExplicit(0, encodeElement(0xa1, relativeName))]),
    ...(only === 'users' ? [encodeImplicit(1, yes)] : []),
    ...(only === 'cas' ? [encodeImplicit(2, yes)] : []),
    // keyCompromise, bit 1
    ...(someReasons ? [encodeImplicit(3, encodeBitString(Uint8Array.of(0x40), 6).subarray(2))] : []),
    ...(indirect ? [encodeImplicit(4, yes)] : []),
    ...(only === 'attributes' ? [encodeImplicit(5, yes)] : []),
  );
  return encodeExtension(Oid.issuingDistributionPoint, true, value);
}

/** An end entity whose cRLDistributionPoints has these names, and an empty CRL of that scope. */
function scoped(crlScope: Scope, pointsTo?: readonly EncodableName[]): Material {
  const points =
    pointsTo === undefined
      ? []
      : [
          encodeExtension(
            Oid.cRLDistributionPoints,
            false,
            encodeSequence(encodeSequence(distributionPointName(pointsTo))),
          ),
        ];
  return withCrl((issuer) => crl(issuer, { extensions: [scope(crlScope)] }), { extraExtensions: points });
}

const HERE = uri('http://example.com/partition.crl');

function otherIssuer(): Material {
  const [anchor, other] = [root({ ...VALID, subject: 'First' }), root({ ...VALID, subject: 'Second' })];
  const end = leaf(anchor, VALID);
  const { serialNumber } = end.certificate;
  return {
    anchors: [anchor, other],
    leaf: end,
    crls: [crl(anchor), crl(other, { revoked: [{ serialNumber }] })],
    at: AT,
  };
}

function userCertsOnly(): Material {
  const anchor = root(VALID);
  const issuer = ica(anchor, VALID);
  const crls = [crl(anchor, { extensions: [scope({ only: 'users' })] }), crl(issuer)];
  return { anchors: [anchor], intermediates: [issuer], leaf: leaf(issuer, VALID), crls, at: AT };
}

function wrongKey(): Material {
  const [anchor, other] = [root({ ...VALID, subject: 'First' }), root({ ...VALID, subject: 'Second' })];
  const crls = [crl(anchor, { signingKey: other.key })];
  return { anchors: [anchor, other], leaf: leaf(anchor, VALID), crls, at: AT };
}

const UNKNOWN = 'STATUS_UNKNOWN';
const REVOKED = 'CERT_REVOKED';

/** x509-limbo's `crl`: section 6.3 of RFC 5280, and of the Baseline Requirements 7.2.2. */
export const crlCases: readonly OwnCase[] = [
  refused('crl::revoked-certificate-with-crl', REVOKED, () =>
    withCrl((issuer, serialNumber) => crl(issuer, { revoked: [{ serialNumber }] })),
  ),
  refused('crl::crlnumber-missing', UNKNOWN, plain({ number: 'none' })),
  refused('crl::crlnumber-critical', UNKNOWN, plain({ number: 'critical' })),
  accepted('crl::certificate-not-on-crl', plain({ revoked: [someone(1), someone(2)] })),
  accepted('crl::certificate-serial-on-crl-different-issuer', otherIssuer),
  refused('crl::issuer-missing-crlsign', UNKNOWN, () =>
    withCrl((issuer) => crl(issuer), {}, { keyUsage: ['keyCertSign'] }),
  ),
  accepted('crl::issuer-no-keyusage-extension', () => withCrl((issuer) => crl(issuer), {}, { keyUsage: null })),
  accepted('crl::issuer-valid-crlsign-and-keycertsign', () => withCrl((issuer) => crl(issuer))),

  refused('crl::structure::crl-invalid-signature', UNKNOWN, plain({ signingKey: generateTestKey() })),
  refused('crl::structure::crl-wrong-signing-key', UNKNOWN, wrongKey),
  accepted('crl::structure::crl-empty', plain({ revoked: [] })),
  accepted('crl::structure::crl-very-large', plain({ revoked: Array.from({ length: 10_000 }, (_, i) => someone(i)) })),
  refused('crl::structure::crl-unknown-critical-extension', UNKNOWN, plain({ extensions: [unknown(true)] })),
  accepted('crl::structure::crl-unknown-noncritical-extension', plain({ extensions: [unknown(false)] })),

  refused('crl::temporal::this-update-in-future', UNKNOWN, plain({ thisUpdate: AT + DAY })),
  refused(
    'crl::temporal::next-update-in-past',
    UNKNOWN,
    plain({ thisUpdate: AT - 60 * DAY, nextUpdate: AT - 30 * DAY }),
  ),
  refused('crl::temporal::revocation-date-in-future', REVOKED, () =>
    withCrl((issuer, serialNumber) => crl(issuer, { revoked: [{ serialNumber, at: AT + DAY }] })),
  ),
  refused('crl::temporal::revocation-date-before-not-before', REVOKED, () =>
    withCrl((issuer, serialNumber) => crl(issuer, { revoked: [{ serialNumber, at: AT - 60 * DAY }] }), {
      notBefore: AT - 30 * DAY,
    }),
  ),
  refused('crl::temporal::crl-validity-no-overlap', UNKNOWN, () =>
    withCrl((issuer) => crl(issuer, { thisUpdate: AT - 365 * DAY, nextUpdate: AT - 180 * DAY }), {
      notBefore: AT - 30 * DAY,
      notAfter: AT + 30 * DAY,
    }),
  ),

  refused('crl::idp::idp-cdp-scope-mismatch', UNKNOWN, () =>
    scoped({ names: [HERE] }, [uri('http://example.com/other.crl')]),
  ),
  accepted('crl::idp::idp-cdp-scope-match', () => scoped({ names: [HERE] }, [HERE])),
  refused('crl::idp::idp-only-contains-user-certs-ca-target', UNKNOWN, userCertsOnly),
  refused('crl::idp::idp-only-contains-ca-certs-ee-target', UNKNOWN, () => scoped({ only: 'cas' })),
  refused('crl::idp::idp-present-certificate-missing-cdp', UNKNOWN, () => scoped({ names: [HERE] })),
  refused('crl::idp::idp-only-contains-attribute-certs', UNKNOWN, () => scoped({ only: 'attributes' })),
  refused('crl::cabf::idp-indirect-crl', UNKNOWN, () => scoped({ names: [HERE], indirect: true }, [HERE])),
  refused('crl::cabf::idp-only-some-reasons-no-complete-crl', UNKNOWN, () =>
    scoped({ names: [HERE], someReasons: true }, [HERE]),
  ),
  refused('crl::cabf::idp-uri-not-byte-identical', UNKNOWN, () =>
    scoped({ names: [uri('http://example.com/crls/shard.crl')] }, [uri('http://example.com/crls/%73hard.crl')]),
  ),
  refused('crl::cabf::idp-name-relative-to-crl-issuer', UNKNOWN, () =>
    scoped({ relativeName: encodeSequence(encodeOid(Oid.commonName), encodeUtf8String('partition')) }),
  ),

  // Rules that the Baseline Requirements have beyond RFC 5280.
  refused('crl::structure::crl-duplicate-revoked-serial', UNKNOWN, plain({ revoked: [someone(), someone()] })),
  refused('crl::idp::idp-present-certificate-cdp-non-uri-generalname', undefined, () =>
    scoped({ names: [HERE] }, [HERE, dns('example.com')]),
  ),
  refused('crl::cabf::idp-fullname-non-uri-generalname', undefined, () =>
    scoped({ names: [HERE, dns('example.com')] }, [HERE]),
  ),
];
