import { encodeImplicit, encodeOid, encodeSequence, encodeSmallInteger, Oid } from '@touchmark/der';
import { encodeCertificatePolicies, encodeExtension } from '@touchmark/x509';

export interface TestPolicyExtensions {
  /** Dotted OIDs. */
  readonly policies?: readonly string[];
  /** Pairs of issuerDomainPolicy and subjectDomainPolicy. */
  readonly mappings?: readonly (readonly [string, string])[];
  /** SkipCerts, 127 at most. */
  readonly requireExplicitPolicy?: number;
  readonly inhibitPolicyMapping?: number;
  readonly inhibitAnyPolicy?: number;
}

/** Extensions about certificate policies, critical as RFC 5280 4.2.1 wants them: for `extraExtensions` of a test certificate. */
export function testPolicyExtensions(options: TestPolicyExtensions): Uint8Array[] {
  const { policies, mappings, requireExplicitPolicy, inhibitPolicyMapping, inhibitAnyPolicy } = options;
  const extensions: Uint8Array[] = [];
  if (policies) extensions.push(encodeExtension(Oid.certificatePolicies, false, encodeCertificatePolicies(policies)));
  if (mappings) extensions.push(encodeExtension(Oid.policyMappings, true, encodeTestPolicyMappings(mappings)));
  if (requireExplicitPolicy !== undefined || inhibitPolicyMapping !== undefined) {
    const value = encodeSequence(...skipCerts(0, requireExplicitPolicy), ...skipCerts(1, inhibitPolicyMapping));
    extensions.push(encodeExtension(Oid.policyConstraints, true, value));
  }
  if (inhibitAnyPolicy !== undefined) {
    extensions.push(encodeExtension(Oid.inhibitAnyPolicy, true, encodeSmallInteger(inhibitAnyPolicy)));
  }
  return extensions;
}

export function encodeTestPolicyMappings(mappings: readonly (readonly [string, string])[]): Uint8Array {
  return encodeSequence(...mappings.map((pair) => encodeSequence(...pair.map(encodeOid))));
}

function skipCerts(number: number, value: number | undefined): Uint8Array[] {
  return value === undefined ? [] : [encodeImplicit(number, Uint8Array.of(value))];
}
