import {
  DerError,
  DerReader,
  Oid,
  Tag,
  encodeBoolean,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  encodeSet,
  encodeSmallInteger,
} from '@touchmark/der';
import { EstError } from './errors.js';

/** The kind of key that is asked for: at most one, since a device makes one key. */
export type CsrKeyAlgorithm =
  | { readonly type: 'ecPublicKey'; readonly namedCurve: 'prime256v1' | 'secp384r1' }
  | { readonly type: 'rsaEncryption'; readonly modulusLength: number }
  | { readonly type: 'ed25519' };

/** An extension that the request should ask for, with the value that it should have. */
export interface CsrExtension {
  /** Dotted object identifier. */
  readonly extnID: string;
  readonly critical?: boolean;
  /** DER of the extension's value, which goes into the OCTET STRING. */
  readonly extnValue: Uint8Array;
}

/** What a server tells clients about the requests that it would like. */
export interface CsrAttributes {
  readonly keyAlgorithm?: CsrKeyAlgorithm;
  /** Dotted identifier of the signature algorithm, which names the hash. */
  readonly signatureAlgorithm?: string;
  readonly extensions?: readonly CsrExtension[];
  /** Whether the request must be bound to its TLS connection (RFC 7030 section 3.5). */
  readonly challengePassword?: boolean;
}

/**
 * CsrAttrs of RFC 7030 section 4.5.2 in the wording of RFC 8951 and RFC 9908: the key as one Attribute named by its
 * algorithm, extensions in one id-ExtensionReq with exactly one value, algorithms that are merely named as bare OIDs.
 * Nothing asked for gives an empty SEQUENCE, for which a server answers 204 instead. It is advice to a client: it
 * authorizes nothing. TypeError for an extension that stands twice or a modulus length that is no number of bits.
 */
export function encodeCsrAttributes(asked: CsrAttributes): Uint8Array {
  const attributes: Uint8Array[] = [];
  if (asked.challengePassword === true) attributes.push(encodeOid(Oid.challengePassword));
  if (asked.keyAlgorithm !== undefined) attributes.push(encodeKeyAlgorithm(asked.keyAlgorithm));
  if (asked.extensions !== undefined && asked.extensions.length > 0) {
    attributes.push(encodeAttribute(Oid.extensionRequest, encodeExtensions(asked.extensions)));
  }
  if (asked.signatureAlgorithm !== undefined) attributes.push(encodeOid(asked.signatureAlgorithm));
  return encodeSequence(...attributes);
}

/** Identifiers that a CsrAttrs names, bare or as the type of an Attribute, in order. Code CSR_ATTRIBUTES_MALFORMED. */
export function parseCsrAttributes(der: Uint8Array): string[] {
  try {
    const message = new DerReader(der);
    const attributes = message.read(Tag.SEQUENCE);
    message.end();
    const named: string[] = [];
    while (!attributes.done) named.push((attributes.readOptional(Tag.SEQUENCE) ?? attributes).readOid());
    return named;
  } catch (error) {
    if (error instanceof DerError) throw new EstError('CSR_ATTRIBUTES_MALFORMED', { length: der.length }, error);
    throw error;
  }
}

function encodeKeyAlgorithm(key: CsrKeyAlgorithm): Uint8Array {
  if (key.type === 'ecPublicKey') return encodeAttribute(Oid.ecPublicKey, encodeOid(Oid[key.namedCurve]));
  // An empty SET asks for the algorithm and nothing more (RFC 9908).
  if (key.type === 'ed25519') return encodeAttribute(Oid.ed25519);
  if (!Number.isInteger(key.modulusLength) || key.modulusLength <= 0) throw new TypeError('modulusLength is in bits');
  return encodeAttribute(Oid.rsaEncryption, encodeSmallInteger(key.modulusLength));
}

function encodeExtensions(extensions: readonly CsrExtension[]): Uint8Array {
  if (new Set(extensions.map(({ extnID }) => extnID)).size < extensions.length) {
    throw new TypeError('an extension stands twice');
  }
  return encodeSequence(
    ...extensions.map(({ extnID, critical = false, extnValue }) =>
      encodeSequence(
        encodeOid(extnID),
        // FALSE is the default, which DER leaves out.
        ...(critical ? [encodeBoolean(true)] : []),
        encodeOctetString(extnValue),
      ),
    ),
  );
}

function encodeAttribute(type: string, ...values: readonly Uint8Array[]): Uint8Array {
  return encodeSequence(encodeOid(type), encodeSet(...values));
}
