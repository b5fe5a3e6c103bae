import {
  encodeExplicit,
  encodeOctetString,
  encodeOid,
  encodePrintableString,
  encodeSequence,
  encodeSet,
  encodeUtf8String,
  Oid,
} from '@touchmark/der';
import { encodeGeneralName } from '@touchmark/x509';

import { BoundedMemo } from './bounded-memo.js';
import { parseIpAddress } from './ip-address.js';
import { IssuanceError } from './issuance-error.js';
import type { Profile } from './profile.js';

/** What one certificate says about its subject. A profile uses some of these, and refuses to go without those. */
export interface CertificateFields {
  /** SPIFFE trust domain name. */
  readonly realm?: string;
  readonly organization?: string;
  readonly model?: string;
  /** The device's serial, or its opaque id where the policy says `pseudonymous`. */
  readonly deviceSerial?: string;
  /** Dotted OID of the kind of hardware (RFC 4108 section 5). */
  readonly hwType?: string;
  /** Of a gateway, a service or a signer. */
  readonly name?: string;
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
}

/** The names that a profile makes of the fields, with the fields themselves: lint reads the encoding back against them. */
export interface CertificateNames {
  readonly fields: CertificateFields;
  /** DER of the Name. */
  readonly subject: Uint8Array;
  /** Value of the subjectAltName extension, DER of GeneralNames; undefined where the profile has none. */
  readonly subjectAltName: Uint8Array | undefined;
}

// A gateway's or service's name is one segment of a SPIFFE path; a signer's is only read by people.
const PATH_SEGMENT = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,64}$/;
// The verifier and libs/lifecycle have the same alphabets; certificate-names.spec.ts holds them together.
const PATTERNS = {
  realm: /^(?=.{1,63}$)[a-z0-9-]+(?:\.[a-z0-9-]+)*$/,
  organization: /^[^\p{C}]{1,64}$/u,
  model: /^[a-z0-9-]{1,63}$/,
  // "." and ".." are no segments of a SPIFFE path.
  deviceSerial: /^(?!\.{1,2}$)[A-Za-z0-9.-]{1,64}$/,
  hwType: /^(?:[01]\.[1-3]?\d|2\.(?:0|[1-9]\d{0,38}))(?:\.(?:0|[1-9]\d{0,38})){1,15}$/,
  name: /^[^\p{C}]{1,64}$/u,
} as const;
// Letters, digits and hyphens; a name that would be read as an address is none.
const DNS_NAME =
  /^(?!.*\.\d+$)(?!\d+$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i;
const HARDWARE_MODULE_NAME = encodeOid(Oid.hardwareModuleName);
const ATTRIBUTE_TYPES: Readonly<Record<Profile['subject'][number]['type'], Uint8Array>> = {
  commonName: encodeOid(Oid.commonName),
  organizationName: encodeOid(Oid.organizationName),
  organizationalUnitName: encodeOid(Oid.organizationalUnitName),
  serialNumber: encodeOid(Oid.serialNumber),
};

/** ub-common-name (RFC 5280 appendix A). */
const COMMON_NAME_LIMIT = 64;

/** Subject and subjectAltName of a certificate under this profile. Throws IssuanceError NAME_INVALID. */
export function encodeCertificateNames(profile: Profile, fields: CertificateFields): CertificateNames {
  const subject = encodeSequence(...profile.subject.map((attribute) => encodeRdn(attribute, fields)));
  const names = profile.subjectAltName.flatMap((form) => ALTERNATIVE_NAMES[form](fields));
  return { fields, subject, subjectAltName: names.length === 0 ? undefined : encodeSequence(...names) };
}

/** The SPIFFE URI that names a device; the verifier reads realm, model and device from it alone. */
export function deviceUri(device: { realm: string; model: string; deviceSerial: string }): string {
  return `spiffe://${device.realm}/device/${device.model}/${device.deviceSerial}`;
}

function encodeRdn({ type, from }: Profile['subject'][number], fields: CertificateFields): Uint8Array {
  if (from === 'firstName') return encodeAttribute(type, firstServerName(fields));
  // Organizations and models are few, so their check and encoding are remembered.
  if (type === 'organizationName' && from === 'organization') return organizations.get(fields.organization);
  if (type === 'organizationalUnitName' && from === 'model') return models.get(fields.model);
  return encodeAttribute(type, required(fields, from));
}

function encodeAttribute(type: Profile['subject'][number]['type'], value: string): Uint8Array {
  // RFC 5280 appendix A: serialNumber is a PrintableString, the others DirectoryStrings.
  const encoded = type === 'serialNumber' ? encodePrintableString(value) : encodeUtf8String(value);
  return encodeSet(encodeSequence(ATTRIBUTE_TYPES[type], encoded));
}

const REMEMBERED = 1024;
const organizations = new BoundedMemo(REMEMBERED, (organization: string | undefined) =>
  encodeAttribute('organizationName', required({ organization }, 'organization')),
);
const models = new BoundedMemo(REMEMBERED, (model: string | undefined) =>
  encodeAttribute('organizationalUnitName', required({ model }, 'model')),
);
// An arc of 128 bits takes long to encode.
const hwTypes = new BoundedMemo(REMEMBERED, encodeOid);

/** GeneralNames, each DER, that one form makes. */
type AlternativeNames = (fields: CertificateFields) => Uint8Array[];

const ALTERNATIVE_NAMES: Readonly<Record<Profile['subjectAltName'][number], AlternativeNames>> = {
  hardwareModuleName,
  deviceUri: (fields) => [
    uri(
      deviceUri({
        realm: required(fields, 'realm'),
        model: required(fields, 'model'),
        deviceSerial: required(fields, 'deviceSerial'),
      }),
    ),
  ],
  gatewayUri: (fields) => [namedUri('gateway', fields)],
  serviceUri: (fields) => [namedUri('service', fields)],
  statusUri: (fields) => [namedUri('status', fields)],
  serverNames,
};

// otherName [0] { type-id, value [0] EXPLICIT HardwareModuleName ::= SEQUENCE { hwType, hwSerialNum } } (RFC 4108 section 5).
function hardwareModuleName(fields: CertificateFields): Uint8Array[] {
  const hwType = hwTypes.get(required(fields, 'hwType'));
  const hwSerialNum = encodeOctetString(Buffer.from(required(fields, 'deviceSerial'), 'latin1'));
  return [encodeExplicit(0, HARDWARE_MODULE_NAME, encodeExplicit(0, encodeSequence(hwType, hwSerialNum)))];
}

function namedUri(kind: 'gateway' | 'service' | 'status', fields: CertificateFields): Uint8Array {
  const name = required(fields, 'name');
  if (!PATH_SEGMENT.test(name)) throw invalid('name');
  return uri(`spiffe://${required(fields, 'realm')}/${kind}/${name}`);
}

function serverNames(fields: CertificateFields): Uint8Array[] {
  const dnsNames = (fields.dnsNames ?? []).map((value) => {
    if (value.length > 253 || !DNS_NAME.test(value)) throw invalid('dnsNames');
    return encodeGeneralName({ kind: 'dNSName', value });
  });
  const addresses = (fields.ipAddresses ?? []).map((text) => {
    const value = parseIpAddress(text);
    if (value === undefined) throw invalid('ipAddresses');
    return encodeGeneralName({ kind: 'iPAddress', value });
  });
  return [...dnsNames, ...addresses];
}

function firstServerName(fields: CertificateFields): string {
  const first = fields.dnsNames?.[0] ?? fields.ipAddresses?.[0];
  if (first === undefined || first.length > COMMON_NAME_LIMIT) throw invalid('dnsNames');
  return first;
}

function required(fields: CertificateFields, field: keyof typeof PATTERNS): string {
  const value = fields[field];
  if (value === undefined || !PATTERNS[field].test(value)) throw invalid(field);
  return value;
}

function uri(value: string): Uint8Array {
  return encodeGeneralName({ kind: 'uniformResourceIdentifier', value });
}

function invalid(field: string): IssuanceError {
  return new IssuanceError('NAME_INVALID', { field });
}
