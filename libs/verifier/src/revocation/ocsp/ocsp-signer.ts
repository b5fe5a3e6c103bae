import { equalBytes, Oid } from '@touchmark/der';
import {
  type BasicOcspResponse,
  checkKeyPolicy,
  equalNames,
  keyHashSha1,
  parseCertificate,
  verifySignature,
  X509Error,
} from '@touchmark/x509';

import { VerifierError } from '../../error.js';
import type { Budget } from '../../path/budget.js';
import { checkExtensions, checkSignature } from '../../path/certificate-checks.js';
import { PathCertificate } from '../../path/path-certificate.js';
import type { OcspWhy } from './ocsp-why.js';

/** Delegates that are tried for one response: of those that fit its responderID, one is enough. */
const MAX_DELEGATES = 2;

export type OcspSigner =
  /** `delegate` is undefined where the issuer's own key signed. */
  | { readonly authorized: true; readonly delegate: PathCertificate | undefined }
  /** `final` if another look, with other candidates, cannot find more. */
  | { readonly authorized: false; readonly why: OcspWhy; readonly final: boolean };

/**
 * Who signed a response, and whether they may speak for this issuer (RFC 6960 4.2.2.2): the issuer's own key, or a delegate with a
 * certificate signed by that very key and with OCSPSigning in its own extKeyUsage. What a CA above allows, anyExtendedKeyUsage, and
 * keys of other CAs count for nothing. Nothing here depends on the time, so it is asked once.
 */
export function signerOf(
  basic: BasicOcspResponse,
  issuer: PathCertificate,
  { candidates, budget }: { readonly candidates: readonly PathCertificate[]; readonly budget: Budget },
): OcspSigner {
  let why: OcspWhy = 'OCSP_SIGNER_NOT_AUTHORIZED';
  let tried = false;
  if (isNamed(basic, issuer)) {
    tried = true;
    const failure = signatureFailure(basic, issuer, budget);
    if (failure === undefined) return { authorized: true, delegate: undefined };
    why = failure;
  }
  for (const delegate of delegatesOf(basic, issuer, candidates)) {
    tried = true;
    if (!isIssuedBy(delegate, issuer, budget)) continue;
    const failure = signatureFailure(basic, delegate, budget);
    if (failure === undefined) return { authorized: true, delegate };
    why = failure;
  }
  return { authorized: false, why, final: tried };
}

/** Those that may be meant, before any signature is checked: it costs nothing to be none of these. */
function delegatesOf(
  basic: BasicOcspResponse,
  issuer: PathCertificate,
  candidates: readonly PathCertificate[],
): readonly PathCertificate[] {
  return [...basic.certs.flatMap(readOrNothing), ...candidates]
    .filter((found) => found !== issuer && isNamed(basic, found) && mayBeDelegate(found, issuer))
    .slice(0, MAX_DELEGATES);
}

function mayBeDelegate({ certificate, extKeyUsage, keyUsage }: PathCertificate, issuer: PathCertificate): boolean {
  return (
    extKeyUsage?.has(Oid.OCSPSigning) === true &&
    keyUsage?.has('digitalSignature') !== false &&
    equalNames(certificate.issuer, issuer.certificate.subject)
  );
}

function isIssuedBy(delegate: PathCertificate, issuer: PathCertificate, budget: Budget): boolean {
  try {
    checkExtensions(delegate, 0);
    checkSignature(delegate, issuer, 0, budget);
    return true;
  } catch (error) {
    if (error instanceof VerifierError && error.code !== 'BUDGET_EXCEEDED') return false;
    throw error;
  }
}

function isNamed({ responderId }: BasicOcspResponse, { certificate, key }: PathCertificate): boolean {
  return 'byName' in responderId
    ? equalNames(responderId.byName, certificate.subject)
    : equalBytes(responderId.byKey, keyHashSha1(key));
}

function signatureFailure(basic: BasicOcspResponse, signer: PathCertificate, budget: Budget): OcspWhy | undefined {
  try {
    checkKeyPolicy(signer.key);
    budget.spendSignature(signer.key);
    const valid = verifySignature({
      algorithm: basic.signatureAlgorithm,
      subjectPublicKeyInfo: signer.key,
      key: signer.keyObject,
      data: basic.tbsResponseData,
      signature: basic.signature,
    });
    return valid ? undefined : 'OCSP_SIGNATURE_INVALID';
  } catch (error) {
    if (error instanceof X509Error) return 'OCSP_ALGORITHM_REFUSED';
    throw error;
  }
}

// What is kept of a delegate must not hold on to the response that it came in.
function readOrNothing(der: Uint8Array): readonly PathCertificate[] {
  try {
    return [new PathCertificate(parseCertificate(Uint8Array.from(der)))];
  } catch (error) {
    if (error instanceof X509Error) return [];
    throw error;
  }
}
