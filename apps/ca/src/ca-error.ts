import { type CaRefusal, type CaRefusalCode, CaUnavailableError } from '@touchmark/ca-port';
import { StoreError } from '@touchmark/store';

const details: Record<CaRefusalCode, string> = {
  CSR_MALFORMED: 'the certification request is not a well-formed PKCS#10 structure in DER',
  CSR_SIGNATURE_INVALID: 'the signature of the certification request does not verify with the key inside it',
  CSR_SUBJECT_MISMATCH:
    'the subject of the certification request must be empty or exactly the one that the certificate will carry',
  CSR_SAN_MISMATCH:
    'the subjectAltName of the certification request must be absent or exactly the one that the certificate will carry',
  CSR_EXTENSION_REFUSED: 'the certification request asks for an extension that requests may not carry',
  KEY_WEAK: 'the public key is too weak',
  KEY_ALGORITHM_REFUSED:
    'keys of this algorithm are not accepted: use ECDSA P-256 or P-384, Ed25519, or RSA of 2048 bits or more',
  KEY_IN_USE: 'the public key belongs to another device',
  KEY_BLOCKED: 'the public key is blocked for ever',
  KEY_REVOKED: 'the certificate of this key was revoked: make a new key',
  DEVICE_KEY_CONFLICT: 'the device already has a valid certificate with another key',
  IDENTITY_INVALID: 'realm, model or deviceSerial is outside its alphabet',
  DEVICE_SERIAL_CASE_CONFLICT: 'a device with this deviceSerial in another spelling of upper and lower case exists',
  SUBJECT_CLOSED: 'the device was revoked or retired',
  SUBJECT_HELD: 'the device is suspended',
  SUBJECT_UNKNOWN: 'the device is not known',
  SUBJECT_NOT_CLOSED: 'only a revoked or retired device can be recommissioned',
  WARRANT_UNKNOWN: 'the batch or token is not known',
  WARRANT_SPENT: 'the batch or token is used up',
  WARRANT_EXPIRED: 'the batch or token has ended',
  WARRANT_MISMATCH: 'the batch or token is for another device, model or profile',
  CREDENTIAL_UNKNOWN: 'the certificate presented is not one that this CA issued to the device',
  CREDENTIAL_SUSPENDED: 'the certificate of this key is suspended',
  PARENT_INVALID: 'the certificate presented is revoked or not yet valid',
  PARENT_SUSPENDED: 'the certificate presented is suspended',
  PARENT_EXPIRED: 'the certificate presented has expired',
  PARENT_GENERATION_CLOSED: 'the certificate presented is from before the device was recommissioned',
  PARENT_REPLACED: 'the certificate presented was replaced by one that has been used since',
  PARENT_WITHDRAWN: 'the certificate presented was withdrawn before it was ever used',
  LINEAGE_FORK: 'the certificate presented already has a successor in use, with another key',
  CERTIFICATE_UNKNOWN: 'no certificate with this serialNumber was issued',
  CERTIFICATE_EXPIRED: 'the certificate has expired',
  CERTIFICATE_NOT_DEVICE: 'the certificate is not a device certificate',
  TOO_MANY_REPLACEMENTS: 'too many unused certificates were replaced within an hour: wait, or use the last one',
  LIMIT_EXCEEDED: 'the batch or token is larger or lasts longer than the CA allows',
  ALREADY_REVOKED: 'the certificate or device is revoked already',
  NOT_SUSPENDED: 'nothing is suspended for this cause',
  REASON_NOT_ALLOWED: 'this reason may not be given here',
  CERTIFICATE_NOT_SERVICE: 'only certificates of services, gateways and TLS servers are renewed this way',
  CERTIFICATE_REVOKED: 'the certificate is revoked',
  CERTIFICATE_SUSPENDED: 'the certificate is suspended',
  RENEWAL_TOO_EARLY: 'the certificate is not renewed before half of its life is over',
  PROOF_INVALID: 'the proof is not a signature by the key of the certificate over this request',
  PROFILE_NOT_ALLOWED: 'the caller may not ask for this profile',
  AUTHORITY_UNKNOWN: 'there is no such issuing CA',
  VALIDITY_REFUSED: 'the lifetime is outside of what the profile or the issuing CA allows',
  QUOTA_EXCEEDED: 'the hourly quota of the model is used up',
  CLOCK_UNTRUSTED: 'the clock of the CA is behind its own records or far from the clock of its database',
  CA_UNAVAILABLE: 'the CA is not available',
  INTERNAL: 'the CA failed',
};

/** Refuses one item of a batch; the code is closed (docs/errors.md). */
export class CaError extends Error {
  readonly code: CaRefusalCode;
  readonly detail: string;

  constructor(code: CaRefusalCode, options: { detail?: string; cause?: unknown } = {}) {
    super(code, { cause: options.cause });
    this.name = 'CaError';
    this.code = code;
    this.detail = options.detail ?? details[code];
  }
}

/** A refusal as an item's result; a store that is away fails the whole call, anything else is a bug and is thrown. */
export function asRefusal(error: unknown): CaRefusal {
  if (error instanceof CaError) return { ok: false, code: error.code, detail: error.detail };
  if (error instanceof StoreError && error.code === 'STORE_UNAVAILABLE') throw new CaUnavailableError(error);
  throw error;
}

/**
 * Answers each item of a batch for itself, one after the other: what failed for one is not known to have failed for those before
 * it, and does not keep those after it from being tried.
 */
export async function answerEach<Item, Outcome>(
  items: readonly Item[],
  answer: (item: Item) => Promise<Outcome>,
  onError: (error: unknown) => void,
): Promise<(Outcome | CaRefusal)[]> {
  const outcomes: (Outcome | CaRefusal)[] = [];
  for (const item of items) outcomes.push(await answer(item).catch((error: unknown) => refusalOf(error, onError)));
  return outcomes;
}

function refusalOf(error: unknown, onError: (error: unknown) => void): CaRefusal {
  if (error instanceof CaError) return asRefusal(error);
  const away = error instanceof StoreError && (error.code === 'STORE_UNAVAILABLE' || error.code === 'STORE_CONFLICT');
  if (!away) onError(error);
  return asRefusal(new CaError(away ? 'CA_UNAVAILABLE' : 'INTERNAL', { cause: error }));
}
