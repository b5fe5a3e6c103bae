import {
  encodeExplicit,
  encodeOid,
  encodePrintableString,
  encodeSequence,
  encodeSetOf,
  encodeSmallInteger,
  Oid,
} from '@touchmark/der';
import { encodeName } from '@touchmark/x509';

import { generateTestKey, signTestObject, type TestKey } from './test-pki.js';

export interface TestRequestOptions {
  readonly key?: TestKey;
  /** Attributes of the subject, or its DER; empty if left out. */
  readonly subject?: readonly { readonly type: string; readonly value: string }[] | Uint8Array;
  /** Requested extensions, each a whole Extension element. */
  readonly extensions?: readonly Uint8Array[];
  readonly challengePassword?: string;
  /** More attributes, each a whole Attribute element. */
  readonly extraAttributes?: readonly Uint8Array[];
  /** Signs with another key than the one it asks for: no proof of possession. */
  readonly signingKey?: TestKey;
}

/** A PKCS #10 certification request, DER. */
export function makeTestRequest(options: TestRequestOptions = {}): { der: Uint8Array; key: TestKey } {
  const key = options.key ?? generateTestKey();
  const { subject = [], extensions = [], challengePassword, extraAttributes = [] } = options;
  const attributes = [...extraAttributes];
  if (extensions.length > 0) attributes.push(encodeAttribute(Oid.extensionRequest, encodeSequence(...extensions)));
  if (challengePassword !== undefined) {
    attributes.push(encodeAttribute(Oid.challengePassword, encodePrintableString(challengePassword)));
  }
  const certificationRequestInfo = encodeSequence(
    encodeSmallInteger(0),
    subject instanceof Uint8Array ? subject : encodeName(subject),
    key.subjectPublicKeyInfo,
    encodeExplicit(0, ...attributes),
  );
  return { der: signTestObject(certificationRequestInfo, options.signingKey ?? key), key };
}

function encodeAttribute(type: string, value: Uint8Array): Uint8Array {
  return encodeSequence(encodeOid(type), encodeSetOf([value]));
}
