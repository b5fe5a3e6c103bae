import { encodeBitString, encodeExplicit, encodeSequence, encodeSmallInteger, Oid } from '@touchmark/der';
import type { Signer } from '@touchmark/issuance';
import { encodeName, encodeSignatureAlgorithm } from '@touchmark/x509';

/** A PKCS#10 request (RFC 2986) for the signer's own key: commonName and no attributes. DER. */
export async function makeCertificationRequest(commonName: string, signer: Signer): Promise<Uint8Array> {
  const certificationRequestInfo = encodeSequence(
    encodeSmallInteger(0),
    encodeName([{ type: Oid.commonName, value: commonName }]),
    signer.subjectPublicKeyInfo,
    encodeExplicit(0),
  );
  return encodeSequence(
    certificationRequestInfo,
    encodeSignatureAlgorithm(signer.signatureAlgorithm),
    encodeBitString(await signer.sign(certificationRequestInfo)),
  );
}
