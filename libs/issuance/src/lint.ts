import { DerError, DerReader, encodeSequence, equalBytes, MAX_TIME, Oid, Tag } from '@touchmark/der';
import { type Certificate, parseCertificate, parseSubjectPublicKeyInfo, X509Error } from '@touchmark/x509';

import { IssuanceError } from './issuance-error.js';
import { keyAlgorithmOf } from './key-policy.js';
import { CERTIFICATE_RULES, CRITICAL_EXTENSIONS, expectedExtensions, TEMPLATE_RULES } from './lint-extensions.js';
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
];

/**
 * Judges TBSCertificates of one template before they are signed, by reading them back with libs/x509.
 *
 * Extensions that say the same in all of them are read in full once; afterwards the very same octets need no second reading.
 */
export class CertificateLint {
  private readonly facts: TemplateFacts;
  private readonly expected: readonly string[];
  /** Values that kept their rule, by extnID; only of rules that ask for nothing but the template's facts. */
  private readonly passed = new Map<string, Uint8Array>();

  constructor(facts: TemplateFacts) {
    this.facts = facts;
    this.expected = expectedExtensions(facts.profile, facts.assurancePolicy);
  }

  /** Throws IssuanceError LINT_FAILED with every rule that the TBS (DER) breaks. */
  check(tbsCertificate: Uint8Array, own: CertificateFacts): void {
    const facts = { ...this.facts, ...own };
    const certificate = readUnsigned(tbsCertificate, facts);
    const findings = FIELD_RULES.filter(([, keeps]) => !holds(() => keeps(certificate, facts))).map(([name]) => name);
    if (certificate.extensions.size !== this.expected.length) {
      findings.push('extensions are those of the profile and no others');
    }
    for (const oid of this.expected) {
      if (!this.keepsExtension(oid, certificate, facts)) findings.push(`extension ${oid} is what the profile says`);
    }
    if (findings.length > 0) throw new IssuanceError('LINT_FAILED', { findings });
  }

  private keepsExtension(oid: string, certificate: Certificate, facts: TemplateFacts & CertificateFacts): boolean {
    const extension = certificate.extensions.get(oid);
    if (extension === undefined || extension.critical !== CRITICAL_EXTENSIONS.has(oid)) return false;
    const { value } = extension;
    const passed = this.passed.get(oid);
    if (passed !== undefined && equalBytes(passed, value)) return true;
    const templateRule = TEMPLATE_RULES.get(oid);
    if (templateRule !== undefined) {
      const kept = holds(() => templateRule(value, this.facts));
      if (kept) this.passed.set(oid, value.slice());
      return kept;
    }
    const certificateRule = CERTIFICATE_RULES.get(oid);
    return certificateRule !== undefined && holds(() => certificateRule(value, facts, certificate));
  }
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

// One attribute in each RDN, in the order of the profile.
function keepsSubject({ subject }: Certificate, { profile, fields }: TemplateFacts & CertificateFacts): boolean {
  const name = new DerReader(subject).read(Tag.SEQUENCE);
  for (const { type, from } of profile.subject) {
    const expected = from === 'firstName' ? (fields.dnsNames?.[0] ?? fields.ipAddresses?.[0]) : fields[from];
    const rdn = name.read(Tag.SET);
    const attribute = rdn.read(Tag.SEQUENCE);
    rdn.end();
    if (attribute.readOid() !== Oid[type] || attribute.readString() !== expected) return false;
    attribute.end();
  }
  return name.done;
}
