import { equalBytes, Oid } from '@touchmark/der';
import { attributeTexts, type GeneralName, isEmptyName, parseAuthorityInfoAccess, X509Error } from '@touchmark/x509';

import type { PathCertificate } from '../path-certificate.js';
import { formatIpAddress } from './ip-text.js';
import { isWebWildcard, kindOfName } from './host-name.js';
import type { Position, WebRule } from './profile.js';
import { dnsNames } from './rfc5280-rules.js';

type Rule = (certificate: PathCertificate) => boolean;

/** id-kp of precertificate signing (RFC 6962 3.1). */
const PRECERTIFICATE_SIGNING = '1.3.6.1.4.1.11129.2.4.4';
const FORBIDDEN_PURPOSES: readonly string[] = [
  Oid.anyExtendedKeyUsage,
  Oid.codeSigning,
  Oid.emailProtection,
  Oid.timeStamping,
  Oid.OCSPSigning,
  PRECERTIFICATE_SIGNING,
];

const OF_END_ENTITIES: readonly (readonly [WebRule, Rule])[] = [
  ['version not 3', ({ certificate }) => certificate.version !== 3],
  ['subjectAltName missing', ({ subjectAltName }) => subjectAltName === undefined],
  ['subjectAltName critical', isCriticalBesideSubject],
  ['wildcard malformed', (c) => !dnsNames(c).every(isWebWildcard)],
  ['commonName not in subjectAltName', hasOtherCommonName],
  ['extKeyUsage missing', ({ extKeyUsage }) => extKeyUsage === undefined],
  ['extKeyUsage critical', ({ certificate }) => certificate.extensions.get(Oid.extKeyUsage)?.critical === true],
  ['extKeyUsage forbidden', ({ extKeyUsage }) => FORBIDDEN_PURPOSES.some((purpose) => extKeyUsage?.has(purpose))],
];

const OF_ROOTS: readonly (readonly [WebRule, Rule])[] = [
  ['extKeyUsage in root', ({ extKeyUsage }) => extKeyUsage !== undefined],
  ['authorityKeyIdentifier form', pointsElsewhere],
];

const OF_ALL: readonly (readonly [WebRule, Rule])[] = [
  ['authorityKeyIdentifier form', hasOtherAuthorityKeyIdentifier],
  ['authorityInfoAccess malformed', hasMalformedAccess],
];

/** The first rule that the certificate breaks. A root is a trust anchor that names itself as its issuer. */
export function brokenWebRule(certificate: PathCertificate, { depth, isAnchor }: Position): WebRule | undefined {
  const rules = [
    ...(depth === 0 ? OF_END_ENTITIES : []),
    ...(isAnchor && certificate.selfIssued ? OF_ROOTS : []),
    ...OF_ALL,
  ];
  return rules.find(([, isBroken]) => isBroken(certificate))?.[0];
}

function isCriticalBesideSubject({ certificate }: PathCertificate): boolean {
  return certificate.extensions.get(Oid.subjectAltName)?.critical === true && !isEmptyName(certificate.subject);
}

function hasOtherCommonName({ certificate, subjectAltName = [] }: PathCertificate): boolean {
  const commonNames = attributeTexts(certificate.subject, Oid.commonName);
  if (commonNames.length > 1) return true;
  const names = subjectAltName.map(textOf).filter((text) => text !== undefined);
  return commonNames.some((value) => {
    // no text that we read
    if (value === undefined) return true;
    // A domain beside its wildcard, or beside addresses, is not one of the names, but neither does it claim to be one of them.
    const comparable = names.filter((name) => kindOfName(name) === kindOfName(value));
    return comparable.length > 0 && !comparable.includes(value);
  });
}

function textOf(name: GeneralName): string | undefined {
  if (name.kind === 'dNSName') return name.value;
  return name.kind === 'iPAddress' ? formatIpAddress(name.value) : undefined;
}

function hasOtherAuthorityKeyIdentifier({ certificate, ...read }: PathCertificate): boolean {
  const isThere = certificate.extensions.has(Oid.authorityKeyIdentifier);
  return isThere && (read.authorityKeyIdentifier === undefined || read.authorityCert !== undefined);
}

function pointsElsewhere({ authorityKeyIdentifier, subjectKeyIdentifier }: PathCertificate): boolean {
  if (authorityKeyIdentifier === undefined || subjectKeyIdentifier === undefined) return false;
  return !equalBytes(authorityKeyIdentifier, subjectKeyIdentifier);
}

function hasMalformedAccess({ certificate }: PathCertificate): boolean {
  const access = certificate.extensions.get(Oid.authorityInfoAccess);
  if (access === undefined) return false;
  try {
    parseAuthorityInfoAccess(access.value);
    return false;
  } catch (error) {
    if (error instanceof X509Error) return true;
    throw error;
  }
}
