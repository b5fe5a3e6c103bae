// For the specs beside this file only: certification requests, unsigned parts by hand, so that wrong ones can be made too.
import { type KeyObject, sign } from 'node:crypto';

import {
  contextTag,
  encodeBitString,
  encodeElement,
  encodeOid,
  encodeSequence,
  encodeSet,
  encodeSmallInteger,
  Oid,
} from '@touchmark/der';
import { EMPTY_NAME, encodeExtension, encodeSignatureAlgorithm } from '@touchmark/x509';

import { spkiOf } from './spec-authorities.js';

const DIGESTS = {
  ecdsaWithSHA256: 'sha256',
  ecdsaWithSHA384: 'sha384',
  ecdsaWithSHA512: 'sha512',
  ed25519: null,
  sha256WithRSAEncryption: 'sha256',
  sha384WithRSAEncryption: 'sha384',
  sha512WithRSAEncryption: 'sha512',
  mlDsa44: null,
} as const;

export interface SpecRequest {
  readonly subject?: Uint8Array;
  readonly extensions?: readonly { oid: string; critical?: boolean; value: Uint8Array }[];
  readonly signatureAlgorithm?: keyof typeof DIGESTS;
  readonly subjectPublicKeyInfo?: Uint8Array;
}

export function specRequest(privateKey: KeyObject, o: SpecRequest = {}): Uint8Array {
  const { subject = EMPTY_NAME, extensions = [], signatureAlgorithm = 'ecdsaWithSHA256' } = o;
  const requested = extensions.map(({ oid, critical = false, value }) => encodeExtension(oid, critical, value));
  const attribute = encodeSequence(encodeOid(Oid.extensionRequest), encodeSet(encodeSequence(...requested)));
  const info = encodeSequence(
    encodeSmallInteger(0),
    subject,
    o.subjectPublicKeyInfo ?? spkiOf(privateKey),
    encodeElement(contextTag(0, true), ...(requested.length === 0 ? [] : [attribute])),
  );
  const signature = sign(DIGESTS[signatureAlgorithm], info, privateKey);
  return encodeSequence(info, encodeSignatureAlgorithm(signatureAlgorithm), encodeBitString(signature));
}
