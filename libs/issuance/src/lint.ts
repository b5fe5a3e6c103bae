import { DerError, encodeSequence, equalBytes, MAX_TIME } from '@touchmark/der';
import { type Certificate, parseCertificate, parseSubjectPublicKeyInfo, X509Error } from '@touchmark/x509';

import { IssuanceError } from './issuance-error.js';
import { keyAlgorithmOf } from './key-policy.js';
import { templateFindings } from './lint-authority.js';
import { keepsOutUniqueIdentifiers, keepsTimeForm } from './lint-encoding.js';
import { type ExpectedExtension, expectedExtensions } from './lint-extensions.js';
import { keepsSubject } from './lint-names.js';
import type { CertificateFacts, TemplateFacts } from './template-facts.js';

type Rule = (certificate: Certificate, facts: TemplateFacts & CertificateFacts) => boolean;

// An unsigned TBS is read as the certificate that it will become, so that the reader's own strictness judges it too.
const EMPTY_SIGNATURE = Uint8Array.of(0x03, 0x01, 0x00);

// Each rule answers whether the certificate keeps it; its name is what a person reads when it does not.
const FIELD_RULES: readonly (readonly [string, Rule])[] = [
  ['version is 3', ({ version }) => version === 3],
  [
    'serialNumber is the one of the seat, 16 octets, positive',
    ({ serialNumber }, facts) =>
      serialNumber.length === 16 && (serialNumber[0] ?? 0x80) < 0x80 && equalBytes(serialNumber, facts.serialNumber),
  ],
  [
    'issuer is the subject of the issuing CA',
    ({ issuer }, facts) => equalBytes(issuer, facts.issuer.certificate.subject),
  ],
  ['validity is the one asked for, within the issuer and the profile', keepsValidity],
  ['dates through 2049 are UTCTime', keepsTimeForm],
  ['subject is what the profile makes of the fields', keepsSubject],
  [
    'subjectPublicKeyInfo is the one of the request, of a kind that the profile takes',
    ({ subjectPublicKeyInfo }, facts) => {
      const algorithm = keyAlgorithmOf(parseSubjectPublicKeyInfo(subjectPublicKeyInfo));
      return (
        algorithm !== undefined &&
        facts.profile.keys.includes(algorithm) &&
        equalBytes(subjectPublicKeyInfo, facts.subjectPublicKeyInfo)
      );
    },
  ],
  ['there is no issuerUniqueID or subjectUniqueID', keepsOutUniqueIdentifiers],
];

/**
 * Judges TBSCertificates of one template before they are signed, by reading them back with libs/x509.
 *
 * What all of them share is judged or made once, when the template is compiled; an extension that says the same in all of them
 * must then be octet for octet the one that another library wrote.
 */
export class CertificateLint {
  private readonly facts: TemplateFacts;
  private readonly expected: ReadonlyMap<string, ExpectedExtension>;
  private readonly templateFindings: readonly string[];

  constructor(facts: TemplateFacts) {
    this.facts = facts;
    this.expected = expectedExtensions(facts);
    this.templateFindings = templateFindings(facts);
  }

  /** Throws IssuanceError LINT_FAILED with every rule that the TBS (DER) breaks. */
  check(tbsCertificate: Uint8Array, own: CertificateFacts): void {
    const facts = { ...this.facts, ...own };
    const certificate = readUnsigned(tbsCertificate, facts);
    const findings = [...this.templateFindings];
    for (const [name, keeps] of FIELD_RULES) if (!holds(() => keeps(certificate, facts))) findings.push(name);
    if (certificate.extensions.size !== this.expected.size) {
      findings.push('extensions are those of the profile and no others');
    }
    for (const [oid, expected] of this.expected) {
      if (!keepsExtension(oid, expected, certificate, facts))
        findings.push(`extension ${oid} is what the profile says`);
    }
    if (findings.length > 0) throw new IssuanceError('LINT_FAILED', { findings });
  }
}

function keepsExtension(
  oid: string,
  { critical, value }: ExpectedExtension,
  certificate: Certificate,
  facts: TemplateFacts & CertificateFacts,
): boolean {
  const extension = certificate.extensions.get(oid);
  if (extension === undefined || extension.critical !== critical) return false;
  if (value instanceof Uint8Array) return equalBytes(extension.value, value);
  return holds(() => value(extension.value, facts, certificate));
}

function readUnsigned(tbsCertificate: Uint8Array, { issuer }: TemplateFacts): Certificate {
  try {
    return parseCertificate(encodeSequence(tbsCertificate, issuer.signatureAlgorithm, EMPTY_SIGNATURE));
  } catch (cause) {
    if (!(cause instanceof X509Error)) throw cause;
    throw new IssuanceError('LINT_FAILED', { findings: [`the encoding can be read (${cause.code})`] }, { cause });
  }
}

// What cannot be read breaks the rule that reads it.
function holds(keeps: () => boolean): boolean {
  try {
    return keeps();
  } catch (error) {
    if (error instanceof X509Error || error instanceof DerError) return false;
    throw error;
  }
}

function keepsValidity({ notBefore, notAfter }: Certificate, facts: TemplateFacts & CertificateFacts): boolean {
  const { profile, issuer, now } = facts;
  const asked = notBefore === facts.notBefore && notAfter === facts.notAfter;
  const within = issuer.certificate.notBefore <= notBefore && notAfter <= issuer.certificate.notAfter;
  const current = notBefore <= now && now - profile.backdate <= notBefore && now < notAfter;
  const { validity } = profile;
  const length =
    validity.kind === 'never' ? notAfter === MAX_TIME : notAfter < MAX_TIME && notAfter - now <= validity.longest;
  return asked && within && current && length;
}
