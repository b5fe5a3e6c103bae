import { IssuanceError } from './issuance-error.js';
import { parseProfile, type Profile } from './profile.js';

const HOUR = 3600;
const DAY = 24 * HOUR;

// P-256 and P-384 everywhere; Ed25519 and RSA only where the key is the applicant's own choice.
const APPLICANT_KEYS = ['P-256', 'P-384', 'Ed25519', 'RSA'] as const;
const OUR_KEYS = ['P-256', 'P-384'] as const;

const base = {
  extKeyUsage: [],
  ocspNocheck: false,
  publicationPoints: 'all',
  backdate: HOUR,
} as const;

const builtIn = [
  {
    ...base,
    name: 'idevid',
    issuers: ['idevid'],
    subject: [
      { type: 'organizationName', from: 'organization' },
      { type: 'organizationalUnitName', from: 'model' },
      { type: 'serialNumber', from: 'deviceSerial' },
    ],
    subjectAltName: ['hardwareModuleName', 'deviceUri'],
    validity: { kind: 'never' },
    keys: APPLICANT_KEYS,
  },
  {
    ...base,
    name: 'ldevid',
    issuers: ['ldevid'],
    subject: [{ type: 'serialNumber', from: 'deviceSerial' }],
    // One URI and nothing else: with that the certificate is a valid X.509-SVID.
    subjectAltName: ['deviceUri'],
    extKeyUsage: ['clientAuth'],
    validity: { kind: 'lifetime', standard: 30 * DAY, longest: 398 * DAY },
    keys: APPLICANT_KEYS,
  },
  {
    ...base,
    name: 'tls-server',
    issuers: ['infrastructure'],
    subject: [{ type: 'commonName', from: 'firstName' }],
    subjectAltName: ['serverNames'],
    extKeyUsage: ['serverAuth'],
    validity: { kind: 'lifetime', standard: 90 * DAY, longest: 398 * DAY },
    keys: APPLICANT_KEYS,
  },
  {
    ...base,
    name: 'gateway-client',
    issuers: ['infrastructure'],
    subject: [{ type: 'commonName', from: 'name' }],
    subjectAltName: ['gatewayUri'],
    extKeyUsage: ['clientAuth'],
    validity: { kind: 'lifetime', standard: 90 * DAY, longest: 398 * DAY },
    keys: APPLICANT_KEYS,
  },
  {
    ...base,
    name: 'service',
    issuers: ['infrastructure'],
    subject: [{ type: 'commonName', from: 'name' }],
    subjectAltName: ['serviceUri'],
    extKeyUsage: ['serverAuth', 'clientAuth'],
    validity: { kind: 'lifetime', standard: 90 * DAY, longest: 398 * DAY },
    keys: OUR_KEYS,
  },
  {
    ...base,
    name: 'ocsp-signer',
    issuers: ['idevid', 'ldevid', 'infrastructure'],
    subject: [{ type: 'commonName', from: 'name' }],
    subjectAltName: [],
    extKeyUsage: ['OCSPSigning'],
    ocspNocheck: true,
    // RFC 9919: a delegate with nocheck carries no pointer at itself; its short life is what bounds it.
    publicationPoints: 'caIssuers',
    validity: { kind: 'lifetime', standard: 7 * DAY, longest: 7 * DAY },
    keys: OUR_KEYS,
  },
  {
    ...base,
    name: 'status-signer',
    issuers: ['infrastructure'],
    subject: [{ type: 'commonName', from: 'name' }],
    // No extKeyUsage: the URI says what it is.
    subjectAltName: ['statusUri'],
    validity: { kind: 'lifetime', standard: 90 * DAY, longest: 90 * DAY },
    keys: OUR_KEYS,
  },
] as const;

/** The built-in profiles by name, frozen through and through. */
export const builtInProfiles: ReadonlyMap<string, Profile> = new Map(
  builtIn.map((data) => [data.name, parseProfile(data)]),
);

export type BuiltInProfileName = (typeof builtIn)[number]['name'];

/** Throws IssuanceError PROFILE_UNKNOWN. */
export function profileByName(name: string): Profile {
  const profile = builtInProfiles.get(name);
  if (profile === undefined) throw new IssuanceError('PROFILE_UNKNOWN', { profile: name });
  return profile;
}
