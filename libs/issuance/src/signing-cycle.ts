import { hash, verify } from 'node:crypto';

import { DerReader, encodeBitString, encodeSequence, equalBytes, Tag } from '@touchmark/der';

import { callSigner } from './call-signer.js';
import type { CertificateNames } from './certificate-names.js';
import type { CheckedRequest } from './certification-request-check.js';
import { IssuanceError } from './issuance-error.js';
import type { Issuer } from './issuer.js';
import { buildTbsCertificate, type CertificateTemplate } from './template.js';
import type { Validity } from './validity.js';

/** Everything that one certificate is made of. The subject is locked and the seat taken before this exists. */
export interface SigningOrder {
  readonly template: CertificateTemplate;
  readonly request: CheckedRequest;
  readonly names: CertificateNames;
  readonly validity: Validity;
  /** 16 octets: the seat and 64 random bits. */
  readonly serialNumber: Uint8Array;
  /** UTC seconds. */
  readonly now: number;
}

/** A certificate that is ready to be stored. It must not leave the CA before it is. */
export interface SignedCertificate extends Validity {
  /** Certificate, DER. */
  readonly certificate: Uint8Array;
  /** SHA-256 of the certificate. */
  readonly sha256: Uint8Array;
  readonly serialNumber: Uint8Array;
  readonly spkiSha256: Uint8Array;
}

/**
 * The part of issuing that touches no database: from a checked request and a seat to a certificate ready to be stored.
 * docs/issuance-cycle.md has the whole order; the numbers below are its own. Answers at once where the signer does.
 *
 * Throws (or rejects with) IssuanceError LINT_FAILED, SIGNING_FAILED; the seat is then burnt.
 */
export function signCertificate(order: SigningOrder): SignedCertificate | Promise<SignedCertificate> {
  const { template, request, names, validity, serialNumber, now } = order;
  const { issuer } = template;

  // 5. Build the TBS: the template, with this certificate's parts spliced in.
  const tbsCertificate = buildTbsCertificate(template, { serialNumber, names, key: request.key, ...validity });

  // 6. Lint it: read back by another library than the one that wrote it, held against what was asked for.
  template.lint.check(tbsCertificate, {
    fields: names.fields,
    subjectPublicKeyInfo: request.request.subjectPublicKeyInfo,
    serialNumber,
    ...validity,
    now,
  });

  // 7. Sign. The signer gets a copy: whatever it does with it, the certificate is made of the octets that were linted.
  const signature = callSigner(issuer.signer, tbsCertificate.slice());

  // 8. Verify, then hand over to be stored. Where signing went on elsewhere, verifying does too.
  const signed = (certificate: Uint8Array): SignedCertificate => ({
    certificate,
    sha256: sha256(certificate),
    serialNumber,
    spkiSha256: request.spkiSha256,
    notBefore: validity.notBefore,
    notAfter: validity.notAfter,
  });
  const assemble = (value: Uint8Array): Uint8Array =>
    encodeSequence(tbsCertificate, issuer.signatureAlgorithm, encodeBitString(value));
  if (signature instanceof Promise) {
    return signature.then(async (value) => {
      const certificate = assemble(value);
      await checkOwnSignatureInPool(issuer, certificate, tbsCertificate);
      return signed(certificate);
    });
  }
  const certificate = assemble(signature);
  checkOwnSignature(issuer, certificate, tbsCertificate);
  return signed(certificate);
}

// What is released is read back: its TBS must be the linted one, and its signature the issuer's over exactly that. A fault in
// the signer, in memory, or a mix-up of two orders ends here.
function checkOwnSignature(issuer: Issuer, certificate: Uint8Array, linted: Uint8Array): void {
  const { tbs, signature } = readBack(certificate, linted);
  if (!verify(issuer.digest, tbs, issuer.publicKey, signature)) throw unverified();
}

async function checkOwnSignatureInPool(issuer: Issuer, certificate: Uint8Array, linted: Uint8Array): Promise<void> {
  const { tbs, signature } = readBack(certificate, linted);
  const valid = await new Promise<boolean>((resolve, reject) => {
    verify(issuer.digest, tbs, issuer.publicKey, signature, (error, result) => {
      if (error === null) resolve(result);
      else reject(error);
    });
  });
  if (!valid) throw unverified();
}

function readBack(certificate: Uint8Array, linted: Uint8Array): { tbs: Uint8Array; signature: Uint8Array } {
  const parts = new DerReader(certificate).read(Tag.SEQUENCE);
  const tbs = parts.readElement(Tag.SEQUENCE);
  parts.skip(Tag.SEQUENCE);
  const { bytes: signature } = parts.readBitString();
  if (!equalBytes(tbs, linted)) throw unverified();
  return { tbs, signature };
}

const unverified = (): IssuanceError => new IssuanceError('SIGNING_FAILED', { stage: 'verify' });

function sha256(data: Uint8Array): Uint8Array {
  return Buffer.from(hash('sha256', data, 'hex'), 'hex');
}
