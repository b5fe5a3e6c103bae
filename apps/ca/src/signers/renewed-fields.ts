import { equalBytes, Oid } from '@touchmark/der';
import {
  type CertificateFields,
  type CertificateNames,
  encodeCertificateNames,
  type Profile,
} from '@touchmark/issuance';
import { readIdentity } from '@touchmark/verifier';
import { attributeValue, type Certificate, parseName, parseSubjectAltName } from '@touchmark/x509';

/**
 * The fields under which the profile makes the names that a certificate of ours has: a successor is for exactly whom the certificate
 * was for. TypeError where they do not come out octet for octet: then the profile has changed since, and nobody guesses.
 */
export function renewedFields(certificate: Certificate, profile: Profile): CertificateFields {
  const fields = profile.name === 'tls-server' ? serverFields(certificate) : namedFields(certificate);
  if (!equalNames(encodeCertificateNames(profile, fields), namesOf(certificate))) {
    throw new TypeError('the profile makes other names than the certificate has');
  }
  return fields;
}

type Names = Pick<CertificateNames, 'subject' | 'subjectAltName'>;

function namesOf({ subject, extensions }: Certificate): Names {
  return { subject, subjectAltName: extensions.get(Oid.subjectAltName)?.value };
}

function equalNames(a: Names, b: Names): boolean {
  if (a.subjectAltName === undefined || b.subjectAltName === undefined) return false;
  return equalBytes(a.subject, b.subject) && equalBytes(a.subjectAltName, b.subjectAltName);
}

function namedFields(certificate: Certificate): CertificateFields {
  const identity = readIdentity(certificate);
  if (identity === undefined || identity.kind === 'device') throw new TypeError('not the certificate of a service');
  return { realm: identity.realm, name: identity.name };
}

function serverFields(certificate: Certificate): CertificateFields {
  const extension = certificate.extensions.get(Oid.subjectAltName);
  const names = extension === undefined ? [] : parseSubjectAltName(extension.value);
  const dnsNames = names.flatMap((name) => (name.kind === 'dNSName' ? [name.value] : []));
  const ipAddresses = names.flatMap((name) => (name.kind === 'iPAddress' ? [formatAddress(name.value)] : []));
  // An address has many spellings: where it is the commonName too, the one that stands there.
  const commonName = attributeValue(parseName(certificate.subject), Oid.commonName);
  if (dnsNames.length === 0 && commonName !== undefined) ipAddresses.splice(0, 1, commonName);
  return { dnsNames, ipAddresses };
}

function formatAddress(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join('.');
  const groups = Array.from({ length: 8 }, (_, at) => ((octets[2 * at] ?? 0) << 8) | (octets[2 * at + 1] ?? 0));
  return groups.map((group) => group.toString(16)).join(':');
}
