import { hash } from 'node:crypto';

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
import { type Budget, costOf } from '../../path/budget.js';
import { checkExtensions, checkSignature } from '../../path/certificate-checks.js';
import { PathCertificate } from '../../path/path-certificate.js';
import type { OcspWhy } from './ocsp-why.js';
import type { PendingResponse } from './pending-responses.js';

/** Delegates that are tried for one response: of those that fit its responderID, one is enough. */
const MAX_DELEGATES = 2;

/** Certificates that a response remembers as no delegates'. */
const MAX_REFUSED = 16;

export type OcspSigner =
  /** `delegate` is undefined where the issuer's own key signed. */
  | { readonly authorized: true; readonly delegate: PathCertificate | undefined }
  /** `final` if another look, with other candidates, cannot find more; `units` is what was spent in vain. */
  | { readonly authorized: false; readonly why: OcspWhy; readonly final: boolean; readonly units: number };

/**
 * Who signed a response, and whether they may speak for this issuer (RFC 6960 4.2.2.2): the issuer's own key, or a delegate with a
 * certificate signed by that very key and with OCSPSigning in its own extKeyUsage. What a CA above allows, anyExtendedKeyUsage, and
 * keys of other CAs count for nothing. Nothing here depends on the time, so it is asked once.
 */
export function signerOf(
  { basic, refused }: Pick<PendingResponse, 'basic' | 'refused'>,
  issuer: PathCertificate,
  { candidates, budget }: { readonly candidates: readonly PathCertificate[]; readonly budget: Budget },
): OcspSigner {
  let why: OcspWhy = 'OCSP_SIGNER_NOT_AUTHORIZED';
  let units = 0;
  // A key that may speak was tried on the response itself: nobody who comes later can be the one that it names.
  let final = false;
  if (isNamed(basic, issuer)) {
    const failure = signatureFailure(basic, issuer, budget);
    if (failure === undefined) return { authorized: true, delegate: undefined };
    why = failure;
    final = true;
    units += costOf(issuer.key);
  }
  const delegates = delegatesOf(basic, issuer, candidates).filter((found) => mayBeTried(found, issuer, refused));
  for (const delegate of delegates.slice(0, MAX_DELEGATES)) {
    const isKnown = delegate.signedBy.has(issuer);
    if (!isKnown && !isIssuedBy(delegate, issuer, budget)) {
      units += costOf(issuer.key);
      if (refused.size < MAX_REFUSED) refused.add(nameOfCertificate(delegate));
      continue;
    }
    const failure = signatureFailure(basic, delegate, budget);
    if (failure === undefined) return { authorized: true, delegate: ownCopyOf(delegate) };
    why = failure;
    final = true;
    units += costOf(issuer.key) + costOf(delegate.key);
  }
  return { authorized: false, why, final, units };
}

// Once the list is full, only who is known to be issued by the issuer is still looked at.
function mayBeTried(delegate: PathCertificate, issuer: PathCertificate, refused: ReadonlySet<string>): boolean {
  if (delegate.signedBy.has(issuer)) return true;
  return refused.size < MAX_REFUSED && !refused.has(nameOfCertificate(delegate));
}

function nameOfCertificate({ certificate }: PathCertificate): string {
  return hash('sha256', certificate.der, 'binary');
}

// What is kept must not be written to by who presented it.
function ownCopyOf({ certificate }: PathCertificate): PathCertificate {
  return new PathCertificate(parseCertificate(Uint8Array.from(certificate.der), { serialNumbers: 'any' }));
}

/** Those that may be meant, before any signature is checked: it costs nothing to be none of these. */
function delegatesOf(
  basic: BasicOcspResponse,
  issuer: PathCertificate,
  candidates: readonly PathCertificate[],
): readonly PathCertificate[] {
  return [...basic.certs.flatMap(readOrNothing), ...candidates].filter(
    (found) => found !== issuer && isNamed(basic, found) && mayBeDelegate(found, issuer),
  );
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

function readOrNothing(der: Uint8Array): readonly PathCertificate[] {
  try {
    return [new PathCertificate(parseCertificate(der))];
  } catch (error) {
    if (error instanceof X509Error) return [];
    throw error;
  }
}
