export const PROFILES = ['device', 'rfc5280-6.1', 'rfc5280', 'web'] as const;

/**
 * What is asked of certificates beyond the algorithm of RFC 5280 section 6.1:
 * - `device`: that an end entity signs, is no CA and may not act as one (SPIFFE X509-SVID 5.2), and no rule of section 4. For what our
 *   own CAs issue, and those of other vendors as they come.
 * - `rfc5280-6.1`: nothing.
 * - `rfc5280`: what sections 4.1 and 4.2 say that a conforming CA MUST do, where 6.1 lets it pass.
 * - `web`: the same, and the Baseline Requirements of the CA/Browser Forum for TLS servers.
 */
export type Profile = (typeof PROFILES)[number];

/** A rule of a profile, named by what was found. */
export type ProfileRule = DeviceRule | Rfc5280Rule | WebRule;

export type DeviceRule =
  /** X509-SVID 5.2: keyUsage of an end entity with a right that is a CA's. */
  'keyCertSign in end entity' | 'cRLSign in end entity';

export type Rfc5280Rule =
  /** 4.2.1.1: no keyIdentifier to find the issuer by; only self-signed certificates may leave it out. */
  | 'authorityKeyIdentifier missing'
  /** 4.2.1.2: a CA certificate without it. */
  | 'subjectKeyIdentifier missing'
  /** 4.2.1.3, 4.2.1.9: keyCertSign in a certificate that is no CA's. */
  | 'keyCertSign without cA'
  /** RFC 9881 5, RFC 9295 3, RFC 4055 1.2: keyUsage for encryption or key agreement with a key that only signs. */
  | 'keyUsage not for key'
  /** 4.2.1.6: a dNSName that is not in preferred name syntax, an underscore for example. */
  | 'dNSName malformed'
  /** 4.1.2.6: a CA without a name. */
  | 'subject of CA empty'
  /** 4.2.1.9, of a trust anchor. */
  | 'basicConstraints not critical'
  /** 4.2.1.9: a pathLenConstraint where keyUsage forbids to issue. */
  | 'pathLenConstraint without keyCertSign'
  /** 4.2.1.10; the Baseline Requirements allow it. */
  | 'nameConstraints not critical'
  /** 4.2.1.11, of a certificate without policies. */
  | 'policyConstraints not critical'
  /** 4.2.1.14. */
  | 'inhibitAnyPolicy not critical';

/** Sections are those of the Baseline Requirements. */
export type WebRule =
  /** 7.1.1: another version than 3. */
  | 'version not 3'
  /** 7.1.2.7.6: the end entity has no names. */
  | 'subjectAltName missing'
  /** 7.1.2.7.12: critical beside a subject that is not empty. */
  | 'subjectAltName critical'
  /** 1.6.1: an asterisk that is not the whole first label, or one above a top-level domain. */
  | 'wildcard malformed'
  /** 7.1.4.3: a commonName that is not, character by character, one of the names of its kind in subjectAltName; or several. */
  | 'commonName not in subjectAltName'
  /** 7.1.2.7.6: the end entity has none. */
  | 'extKeyUsage missing'
  /** 7.1.2.7.6. */
  | 'extKeyUsage critical'
  /** 7.1.2.7.10: anyExtendedKeyUsage, code signing and others in an end entity. */
  | 'extKeyUsage forbidden'
  /** 7.1.2.1.2. */
  | 'extKeyUsage in root'
  /** 7.1.2.1.3, 7.1.2.11.1: issuer and serial number in it, or no keyIdentifier, or a root's that is not its own. */
  | 'authorityKeyIdentifier form'
  /** 7.1.2.7.7: not what RFC 5280 4.2.2.1 says. */
  | 'authorityInfoAccess malformed';

/** Where a certificate stands in a path. */
export interface Position {
  /** From the end entity, 0. */
  readonly depth: number;
  readonly isAnchor: boolean;
}
