import { StatusListError } from './errors.js';
import { HASH_LENGTH, payloadHash } from './hash.js';
import { OctetReader } from './octet-reader.js';
import { OctetWriter } from './octet-writer.js';

const MAGIC = 'TMSE';
const VERSION = 1;

/** Begins everything that a status key signs as a message, so that none of it can be taken for anything else. */
const DOMAIN = 'touchmark status';

/** Longest signature: room for any algorithm in sight, ML-DSA-87 included. */
const MAX_SIGNATURE_LENGTH = 8192;

/** Kinds of messages about status. What is signed as one never verifies as another. */
export const MessageType = { snapshot: 1, batch: 2, head: 3 } as const;

export type MessageTypeName = keyof typeof MessageType;

/** A message as it came: nothing about it is proven yet. */
export interface SignedMessage {
  readonly type: MessageTypeName;
  /** SHA-256 of the status key's SubjectPublicKeyInfo, 32 octets. */
  readonly keyId: Uint8Array;
  /** As the key's algorithm writes it into a certificate; for ECDSA a DER ECDSA-Sig-Value. */
  readonly signature: Uint8Array;
  readonly payload: Uint8Array;
}

/**
 * Verifies a signature over `data`, whole and not hashed yet. `undefined` if the key is none that may sign status,
 * which is told apart because a follower may then ask for the certificate of a new one.
 */
export type VerifySignature = (keyId: Uint8Array, data: Uint8Array, signature: Uint8Array) => boolean | undefined;

/** The 82 octets to sign for a payload: domain, version, type, key id and the payload's SHA-256. */
export function signedData(type: MessageTypeName, keyId: Uint8Array, payload: Uint8Array): Uint8Array {
  const writer = new OctetWriter().format(DOMAIN, VERSION).uint(1, MessageType[type], 'type');
  return writer.fixed(keyId, HASH_LENGTH, 'keyId').octets(payloadHash(payload)).toBytes();
}

/** Puts a message together, once {@link signedData} is signed. */
export function encodeSigned({ type, keyId, signature, payload }: SignedMessage): Uint8Array {
  if (signature.length > MAX_SIGNATURE_LENGTH) throw new TypeError('signature does not fit');
  const writer = new OctetWriter().format(MAGIC, VERSION).uint(1, MessageType[type], 'type');
  writer.fixed(keyId, HASH_LENGTH, 'keyId').uint(2, signature.length, 'signature').octets(signature);
  return writer.uint(4, payload.length, 'payload').octets(payload).toBytes();
}

/** Takes a message apart without verifying it. Codes TRUNCATED, TRAILING_DATA, FORMAT_UNKNOWN, VALUE_OUT_OF_RANGE. */
export function decodeSigned(bytes: Uint8Array): SignedMessage {
  const reader = new OctetReader(bytes);
  reader.format(MAGIC, VERSION);
  const type = typeOf(reader);
  const keyId = reader.octets(HASH_LENGTH);
  const signature = reader.octets(reader.check('signature', reader.uint(2), 0, MAX_SIGNATURE_LENGTH));
  const payload = reader.view(reader.uint(4));
  reader.end();
  return { type, keyId, signature, payload };
}

/** Takes a message apart and verifies it. Codes of {@link decodeSigned}, SIGNATURE_INVALID, FOREIGN_KEY. */
export function openSigned(bytes: Uint8Array, verify: VerifySignature): SignedMessage {
  const message = decodeSigned(bytes);
  const { type, keyId, signature, payload } = message;
  const verified = verify(keyId, signedData(type, keyId, payload), signature);
  if (verified === true) return message;
  const context = { keyId: Buffer.from(keyId).toString('hex') };
  throw new StatusListError(verified === undefined ? 'FOREIGN_KEY' : 'SIGNATURE_INVALID', context);
}

function typeOf(reader: OctetReader): MessageTypeName {
  const offset = reader.offset;
  switch (reader.uint(1)) {
    case MessageType.snapshot:
      return 'snapshot';
    case MessageType.batch:
      return 'batch';
    case MessageType.head:
      return 'head';
    default:
      throw new StatusListError('FORMAT_UNKNOWN', { offset });
  }
}
