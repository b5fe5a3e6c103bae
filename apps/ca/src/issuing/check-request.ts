import { deviceRefOf, type IssueRequest } from '@touchmark/ca-port';
import { toHex } from '@touchmark/der';
import {
  type CertificateFields,
  checkCertificationRequestInPool,
  checkReenrollNames,
  checkRequestedNames,
  encodeCertificateNames,
  IssuanceError,
  type Profile,
  profileByName,
  validityFor,
} from '@touchmark/issuance';
import { isDeviceSerial, isModel, isRealm, renewAfter } from '@touchmark/lifecycle';
import { type RandomBytes, randomUuid } from '@touchmark/server';
import { bucketOf } from '@touchmark/status-list';
import { parseCertificate } from '@touchmark/x509';
import type { IssuingAuthority } from '../authorities/authorities.js';
import { CaError } from '../ca-error.js';
import type { CheckedOrder } from './order.js';

/** Steps 1 and 2 of the issuing cycle: CSR and key, then the profile. No lock is held and nothing is written. */
export async function checkRequest(
  request: IssueRequest,
  authorityFor: (profile: Profile) => IssuingAuthority,
  randomBytes: RandomBytes,
  now: number,
): Promise<CheckedOrder> {
  checkAllowed(request);
  try {
    const profile = profileByName(request.profile);
    const authority = authorityFor(profile);
    // 1. CSR and key
    const checked = await checkCertificationRequestInPool(request.csr, profile);
    // 2. profile: names and validity; the request widens neither
    const pseudonym = randomUuid(randomBytes);
    const { evidence } = request;
    const byCredential = request.reenroll && evidence.kind === 'credential';
    const names = byCredential ? undefined : encodeCertificateNames(profile, fieldsOf(request, pseudonym));
    if (names) checkRequestedNames(checked.request, names);
    if (byCredential) checkReenrollNames(checked.request, parseCertificate(evidence.certificate));
    const validity = validityFor(profile, authority.issuer.certificate, now, request.terms.lifetime);
    return {
      request,
      deviceRef: deviceRefOf(request.identity),
      authorityId: authority.id,
      profile,
      checkedAt: now,
      checked,
      ...(names && { names }),
      spkiSha256: checked.spkiSha256,
      spkiHex: toHex(checked.spkiSha256),
      ...validity,
      renewAfter: renewAfter(validity.notBefore, validity.notAfter) ?? null,
      bucket: bucketOf(validity.notBefore, validity.notAfter),
      pseudonym,
      credentialId: randomUuid(randomBytes),
    };
  } catch (error) {
    throw error instanceof IssuanceError ? toCaError(error) : error;
  }
}

function checkAllowed({ identity, profile, evidence, reenroll }: IssueRequest): void {
  if (!isRealm(identity.realm) || !isModel(identity.model) || !isDeviceSerial(identity.deviceSerial))
    throw new CaError('IDENTITY_INVALID');
  const known = profile === 'idevid' || profile === 'ldevid';
  // an IDevID is made once, in a factory; only LDevIDs are asked for with a certificate
  if (!known || (evidence.kind === 'credential' && profile !== 'ldevid')) throw new CaError('PROFILE_NOT_ALLOWED');
  if (reenroll && evidence.kind !== 'credential') throw new CaError('CREDENTIAL_UNKNOWN');
}

/** What the certificate says about the device; `deviceId` stands in for the deviceSerial where the policy says pseudonymous. */
export function fieldsOf({ identity, hardware, terms, profile }: IssueRequest, pseudonym: string): CertificateFields {
  const pseudonymous = terms.pseudonymous === true && profile === 'ldevid';
  return {
    realm: identity.realm,
    model: identity.model,
    deviceSerial: pseudonymous ? pseudonym : identity.deviceSerial,
    ...(hardware && { hwType: hardware.hwType, organization: hardware.organization }),
  };
}

/** A refusal of the issuance library as one of the port; what is our own fault is not explained to the caller. */
export function toCaError(error: IssuanceError): CaError {
  switch (error.code) {
    case 'CSR_MALFORMED':
    case 'CSR_SIGNATURE_INVALID':
    case 'CSR_SUBJECT_MISMATCH':
    case 'CSR_SAN_MISMATCH':
    case 'CSR_EXTENSION_REFUSED':
    case 'KEY_WEAK':
    case 'KEY_ALGORITHM_REFUSED':
      return new CaError(error.code, { cause: error });
    case 'NAME_INVALID':
      return new CaError('IDENTITY_INVALID', { cause: error });
    case 'VALIDITY_REFUSED':
      return new CaError('VALIDITY_REFUSED', { cause: error });
    case 'PROFILE_UNKNOWN':
      return new CaError('PROFILE_NOT_ALLOWED', { cause: error });
    case 'PROFILE_INVALID':
    case 'LINT_FAILED':
    case 'SIGNING_FAILED':
      return new CaError('INTERNAL', { cause: error });
  }
}
