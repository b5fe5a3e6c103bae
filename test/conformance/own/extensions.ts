import { encodeElement, encodeExplicit, encodeImplicit, encodeSequence, encodeSmallInteger, Oid } from '@touchmark/der';
import {
  encodeBasicConstraints,
  encodeExtension,
  encodeExtKeyUsage,
  encodeGeneralName,
  encodeSubjectAltName,
  type EncodableName,
} from '@touchmark/x509';

/** An OID that nobody knows: the arc for examples of RFC 5612. */
export const UNKNOWN = '1.3.6.1.4.1.32473.1';

export const unknown = (critical: boolean): Uint8Array => encodeExtension(UNKNOWN, critical, new Uint8Array());

function generalSubtrees(n: number, names: readonly EncodableName[] | undefined): Uint8Array[] {
  const subtrees = names?.map((name) => encodeSequence(encodeGeneralName(name)));
  return subtrees === undefined ? [] : [encodeElement(0xa0 | n, ...subtrees)];
}

/** What is left out is absent; an empty list is encoded as such. */
export function nameConstraints(
  subtrees: { permitted?: readonly EncodableName[]; excluded?: readonly EncodableName[] },
  critical = true,
): Uint8Array {
  const value = encodeSequence(...generalSubtrees(0, subtrees.permitted), ...generalSubtrees(1, subtrees.excluded));
  return encodeExtension(Oid.nameConstraints, critical, value);
}

function skipCerts(n: number, certificates: number | undefined): Uint8Array[] {
  return certificates === undefined ? [] : [encodeImplicit(n, encodeSmallInteger(certificates).subarray(2))];
}

/** Numbers of certificates, each left out if undefined. */
export function policyConstraints(
  skip: { requireExplicitPolicy?: number; inhibitPolicyMapping?: number },
  critical = true,
): Uint8Array {
  const value = encodeSequence(...skipCerts(0, skip.requireExplicitPolicy), ...skipCerts(1, skip.inhibitPolicyMapping));
  return encodeExtension(Oid.policyConstraints, critical, value);
}

export function subjectAltName(names: readonly EncodableName[], critical = false): Uint8Array {
  return encodeExtension(Oid.subjectAltName, critical, encodeSubjectAltName(names));
}

export function extKeyUsage(purposes: readonly string[], critical = false): Uint8Array {
  return encodeExtension(Oid.extKeyUsage, critical, encodeExtKeyUsage(purposes));
}

export function basicConstraints(cA: boolean, critical = true): Uint8Array {
  return encodeExtension(Oid.basicConstraints, critical, encodeBasicConstraints({ cA }));
}

/** With caIssuers at a dNSName, which a reader has to take. */
export function authorityInfoAccess(critical: boolean): Uint8Array {
  const description = encodeSequence(
    // id-ad-caIssuers
    Uint8Array.of(6, 8, 0x2b, 6, 1, 5, 5, 7, 0x30, 2),
    encodeGeneralName({ kind: 'dNSName', value: 'example.com' }),
  );
  return encodeExtension(Oid.authorityInfoAccess, critical, encodeSequence(description));
}

export function authorityKeyIdentifier(
  parts: { keyIdentifier?: Uint8Array; issuer?: EncodableName; serialNumber?: number },
  critical = false,
): Uint8Array {
  const { keyIdentifier, issuer, serialNumber } = parts;
  const value = encodeSequence(
    ...(keyIdentifier === undefined ? [] : [encodeImplicit(0, keyIdentifier)]),
    ...(issuer === undefined ? [] : [encodeExplicit(1, encodeGeneralName(issuer))]),
    ...(serialNumber === undefined ? [] : [encodeImplicit(2, encodeSmallInteger(serialNumber).subarray(2))]),
  );
  return encodeExtension(Oid.authorityKeyIdentifier, critical, value);
}
