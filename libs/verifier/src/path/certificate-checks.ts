import { Oid } from '@touchmark/der';
import { checkKeyPolicy, isEmptyName, verifySignature, X509Error } from '@touchmark/x509';

import { VerifierError, type VerifierErrorDetail } from '../error.js';
import type { Validity } from './anchor-terms.js';
import type { Budget } from './budget.js';
import type { PathCertificate } from './path-certificate.js';
import type { Profile } from './profiles/profile.js';

/** What a path is for. `any` asks no purpose of extKeyUsage. */
export type Purpose = 'client' | 'server' | 'ocsp' | 'any';

export const KEY_PURPOSES: Readonly<Record<Purpose, string | undefined>> = {
  client: Oid.clientAuth,
  server: Oid.serverAuth,
  ocsp: Oid.OCSPSigning,
  any: undefined,
};

// Extensions that may be critical because we do what they say.
const PROCESSED = new Set<string>([
  Oid.basicConstraints,
  Oid.keyUsage,
  Oid.extKeyUsage,
  Oid.subjectAltName,
  Oid.nameConstraints,
  Oid.certificatePolicies,
  Oid.policyMappings,
  Oid.policyConstraints,
  Oid.inhibitAnyPolicy,
]);

// Those named flawOf… answer instead of throwing: a search looks at many certificates that fit nowhere, and a thrown error costs more
// than the rest of a step.

/**
 * RFC 5280 6.1.3 (a)(2), both ends of a validity inclusive, of certificates that follow each other upwards in a path, the first one
 * at `depth`. With `when-issued` all but the first must have been valid when the one below began.
 */
export function flawOfValidity(
  path: readonly PathCertificate[],
  validity: Validity,
  at: number,
  depth = 0,
): VerifierErrorDetail | undefined {
  let when = at;
  for (const [i, { certificate }] of path.entries()) {
    const { notBefore, notAfter } = certificate;
    if (when < notBefore) return { code: 'CERT_NOT_YET_VALID', depth: depth + i, notBefore, at: when };
    if (when > notAfter) return { code: 'CERT_EXPIRED', depth: depth + i, notAfter, at: when };
    if (validity === 'when-issued') when = notBefore;
  }
  return undefined;
}

/** RFC 5280 6.1.4 (o), 6.1.5 (f). Name constraints have no place in what is no CA, critical or not (4.2.1.10). */
export function checkExtensions(certificate: PathCertificate, depth: number): void {
  refuse(flawOfExtensions(certificate, depth));
}

function flawOfExtensions(
  { certificate, basicConstraints }: PathCertificate,
  depth: number,
): VerifierErrorDetail | undefined {
  for (const [oid, { critical }] of certificate.extensions) {
    const isMisplaced = oid === Oid.nameConstraints && basicConstraints?.cA !== true;
    if ((critical && !PROCESSED.has(oid)) || isMisplaced) return { code: 'EXTENSION_UNSUPPORTED', depth, oid };
  }
  return undefined;
}

/** Throws what was found, as a VerifierError. */
export function refuse(flaw: VerifierErrorDetail | undefined): void {
  if (flaw !== undefined) throw new VerifierError(flaw);
}

/** What an end entity must be, whoever issued it and whatever it is for. Depth 0. */
export function checkEndEntity(leaf: PathCertificate, at: number): void {
  refuse(flawOfValidity([leaf], 'now', at));
  checkExtensions(leaf, 0);
  checkKey(leaf, 0);
  const { subject, extensions } = leaf.certificate;
  const nameless = isEmptyName(subject) && extensions.get(Oid.subjectAltName)?.critical !== true;
  if (nameless) throw new VerifierError({ code: 'SUBJECT_MISSING', depth: 0 });
}

/** What an end entity must be to be used for this under these terms. Depth 0. */
export function checkEndEntityUse(
  leaf: PathCertificate,
  purpose: Purpose,
  { profile, requireExtKeyUsage }: { profile: Profile; requireExtKeyUsage: boolean },
): void {
  // RFC 5280 has nothing against a CA that uses its key itself.
  if ((profile === 'device' || profile === 'web') && leaf.basicConstraints?.cA === true) {
    throw new VerifierError({ code: 'END_ENTITY_IS_CA', depth: 0 });
  }
  if (!mayBeUsed(leaf, profile, purpose)) {
    throw new VerifierError({ code: 'KEY_USAGE_MISSING', depth: 0, needed: 'digitalSignature' });
  }
  checkEndEntityPurpose(leaf, purpose, requireExtKeyUsage);
}

/** What a certificate must be, now, to sign CRLs or OCSP responses: those who ask look at its keyUsage. */
export function checkStatusSigner(signer: PathCertificate, at: number, purpose: 'crl' | 'ocsp'): void {
  checkEndEntity(signer, at);
  if (purpose === 'ocsp') checkEndEntityPurpose(signer, purpose, true);
}

/** Devices sign. Elsewhere keyUsage must be one that RFC 5280 4.2.1.12 finds consistent with the purpose, where both are there. */
function mayBeUsed({ keyUsage, extKeyUsage }: PathCertificate, profile: Profile, purpose: Purpose): boolean {
  if (keyUsage === undefined || keyUsage.has('digitalSignature')) return true;
  if (profile === 'device') return false;
  if (extKeyUsage === undefined || (purpose !== 'client' && purpose !== 'server')) return true;
  return keyUsage.has('keyAgreement') || (purpose === 'server' && keyUsage.has('keyEncipherment'));
}

/**
 * What a certificate at this depth lacks to issue the one below it, dates and signature apart (RFC 5280 6.1.4 (k) to (o)).
 * `intermediates` counts the CA certificates below it that are not self-issued.
 */
export function flawOfIssuer(
  issuer: PathCertificate,
  depth: number,
  { purpose, intermediates }: { purpose: Purpose; intermediates: number },
): VerifierErrorDetail | undefined {
  const { certificate, basicConstraints, keyUsage, extKeyUsage } = issuer;
  const flaw = flawOfExtensions(issuer, depth);
  if (flaw !== undefined) return flaw;
  if (certificate.version !== 3 || basicConstraints?.cA !== true) return { code: 'NOT_A_CA', depth };
  if (keyUsage?.has('keyCertSign') === false) return { code: 'KEY_USAGE_MISSING', depth, needed: 'keyCertSign' };
  const needed = KEY_PURPOSES[purpose];
  // An issuer's extKeyUsage bounds what may stand below it. OCSPSigning is the issuer's own to delegate, so it is not bounded.
  if (extKeyUsage !== undefined && needed !== undefined && purpose !== 'ocsp') {
    const isGranted = extKeyUsage.has(needed) || extKeyUsage.has(Oid.anyExtendedKeyUsage);
    if (!isGranted) return { code: 'EXT_KEY_USAGE_MISSING', depth, needed };
  }
  const { pathLenConstraint } = basicConstraints;
  const isTooLong = pathLenConstraint !== undefined && intermediates > pathLenConstraint;
  return isTooLong ? { code: 'PATH_LEN_EXCEEDED', depth, pathLenConstraint } : undefined;
}

/** RFC 5280 6.1.3 (a)(1). `depth` is the signed certificate's. */
export function checkSignature(signed: PathCertificate, issuer: PathCertificate, depth: number, budget: Budget): void {
  if (signed.signedBy.has(issuer)) return;
  const { signatureAlgorithm, tbsCertificate, signature } = signed.certificate;
  let valid: boolean;
  try {
    checkKey(issuer, depth + 1);
    budget.spendSignature(issuer.key);
    valid = verifySignature({
      algorithm: signatureAlgorithm,
      subjectPublicKeyInfo: issuer.key,
      key: issuer.keyObject,
      data: tbsCertificate,
      signature,
    });
  } catch (error) {
    throw refusalOf(error, depth, depth + 1);
  }
  if (!valid) throw new VerifierError({ code: 'BAD_SIGNATURE', depth });
  signed.signedBy.add(issuer);
}

function checkKey({ key }: PathCertificate, depth: number): void {
  try {
    checkKeyPolicy(key);
  } catch (error) {
    throw refusalOf(error, depth, depth);
  }
}

function checkEndEntityPurpose({ extKeyUsage }: PathCertificate, purpose: Purpose, required: boolean): void {
  const needed = KEY_PURPOSES[purpose];
  // OCSPSigning is only ever granted by name (RFC 6960 4.2.2.2).
  const absentIsFine = !required && purpose !== 'ocsp';
  const granted = extKeyUsage === undefined ? absentIsFine : needed === undefined || extKeyUsage.has(needed);
  if (!granted) {
    throw new VerifierError({ code: 'EXT_KEY_USAGE_MISSING', depth: 0, needed: needed ?? Oid.anyExtendedKeyUsage });
  }
}

function refusalOf(error: unknown, depth: number, keyDepth: number): unknown {
  if (!(error instanceof X509Error)) return error;
  const { code, oid = '', floor = 'listed algorithm' } = error;
  if (code === 'SIGNATURE_ALGORITHM_UNSUPPORTED' || code === 'SIGNATURE_ALGORITHM_KEY_MISMATCH') {
    return new VerifierError({ code: 'SIGNATURE_ALGORITHM_REFUSED', depth, oid, floor }, error);
  }
  if (code === 'KEY_UNSUPPORTED' || code === 'KEY_WEAK') {
    return new VerifierError({ code: 'KEY_REFUSED', depth: keyDepth, floor }, error);
  }
  if (code === 'ALGORITHM_UNSUPPORTED') return new VerifierError({ code, depth: keyDepth, oid }, error);
  // A point off its curve, which only the import finds out.
  return new VerifierError({ code: 'CERTIFICATE_MALFORMED', depth: keyDepth }, error);
}
