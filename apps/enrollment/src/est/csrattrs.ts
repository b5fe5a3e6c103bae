import { Oid } from '@touchmark/der';
import { type CsrAttributes, encodeCsrAttributes } from '@touchmark/est';
import { type PolicyByLabel, policyOfPath } from './enrollment-policy.js';
import { EnrollmentRefusedError } from './est-error.js';

/** What is asked for by each key algorithm that a policy may name; the CA takes more than a policy recommends. */
const ASKED: Readonly<Record<string, CsrAttributes>> = {
  'EC P-256': {
    keyAlgorithm: { type: 'ecPublicKey', namedCurve: 'prime256v1' },
    signatureAlgorithm: Oid.ecdsaWithSHA256,
  },
  'EC P-384': {
    keyAlgorithm: { type: 'ecPublicKey', namedCurve: 'secp384r1' },
    signatureAlgorithm: Oid.ecdsaWithSHA384,
  },
  Ed25519: { keyAlgorithm: { type: 'ed25519' } },
  'RSA 2048': rsa(2048),
  'RSA 3072': rsa(3072),
};

/**
 * csrattrs (RFC 7030 section 4.5, RFC 9908): the key that the policy would like. It asks for no names, because those come from
 * the registry whatever the request says, and it authorizes nothing.
 */
export class CsrAttrs {
  private readonly policies: PolicyByLabel;

  constructor(policies: PolicyByLabel) {
    this.policies = policies;
  }

  /** DER; undefined where nothing is asked for (204). LABEL_UNKNOWN. */
  async run(label: string | undefined): Promise<Uint8Array | undefined> {
    try {
      const { keyAlgorithm } = await policyOfPath(this.policies, label);
      const asked = ASKED[keyAlgorithm];
      return asked && encodeCsrAttributes(asked);
    } catch (error) {
      // A token or a certificate may bring its own policy, so a path without one is no fault here.
      if (error instanceof EnrollmentRefusedError && error.code === 'POLICY_MISSING') return undefined;
      throw error;
    }
  }
}

function rsa(modulusLength: number): CsrAttributes {
  return {
    keyAlgorithm: { type: 'rsaEncryption', modulusLength },
    signatureAlgorithm: Oid.sha256WithRSAEncryption,
  };
}
