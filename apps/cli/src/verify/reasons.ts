import type { PolicyErrorCode, VerifierErrorCode } from '@touchmark/verifier';

/** What a refusal means, in a sentence. */
const reasons: Partial<Record<VerifierErrorCode | PolicyErrorCode, string>> = {
  CERTIFICATE_MALFORMED: 'a certificate of the path is not what its RFC says',
  CHAIN_TOO_LARGE: 'the chain is too large',
  UNKNOWN_ISSUER: 'no CA that is known has issued it: is its chain complete, and is --ca its root?',
  BAD_SIGNATURE: 'the CA that it names did not sign it',
  SIGNATURE_ALGORITHM_REFUSED: 'it is signed with an algorithm that is not accepted',
  KEY_REFUSED: 'a key of the path is of a kind or size that is not accepted',
  ALGORITHM_UNSUPPORTED: 'a key of the path is for an algorithm that this Node.js lacks',
  EXTENSION_UNSUPPORTED: 'it has a critical extension that is not understood',
  NO_REV_AVAIL_CONTRADICTED: 'it says that nothing is published about its revocation, and where to find that',
  SUBJECT_MISSING: 'it says nowhere whom it is for',
  CERT_NOT_YET_VALID: 'it is not valid yet',
  CERT_EXPIRED: 'it has expired',
  NOT_A_CA: 'an issuer of the path is no CA',
  END_ENTITY_IS_CA: 'it is the certificate of a CA',
  KEY_USAGE_MISSING: 'its keyUsage does not allow this',
  EXT_KEY_USAGE_MISSING: 'its extKeyUsage does not allow this purpose',
  NAME_NOT_PERMITTED: 'it, or a CA above it, has a name that a CA of the path does not permit',
  PATH_LEN_EXCEEDED: 'the path has more CAs than one of them allows',
  PATH_TOO_LONG: 'the path is too long',
  POLICY_MAPPING_INVALID: 'a CA of the path maps policies in a way that is forbidden',
  POLICY_REQUIRED: 'a certificate policy is required, and the path has none in common',
  BUDGET_EXCEEDED: 'its path costs too much to verify',
  CERT_REVOKED: 'it, or a CA above it, was revoked',
  CERT_SUSPENDED: 'it is suspended',
  STATUS_UNKNOWN: 'this snapshot knows nothing about it; if it was issued a moment ago, ask again in some seconds',
  IDENTITY_MALFORMED: 'its identity is not one of ours',
  IDENTITY_MISSING: 'it says of nobody that it is his',
  STATUS_STALE: 'what is known about its status is too old',
};

export const reasonOf = (code: string): string =>
  Object.entries(reasons).find(([known]) => known === code)?.[1] ?? 'see docs/errors.md';
