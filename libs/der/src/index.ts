export { compareBytes, concatBytes, equalBytes, fromHex, toHex } from './bytes.js';
export { DerError, type DerErrorCode } from './error.js';
export { Oid } from './oids.js';
export { DerReader } from './reader.js';
export { contextTag, Tag } from './tags.js';
export { MAX_TIME } from './time.js';
export {
  encodeBitString,
  encodeBoolean,
  encodeElement,
  encodeEnumerated,
  encodeExplicit,
  encodeGeneralizedTime,
  encodeIa5String,
  encodeImplicit,
  encodeInteger,
  encodeLength,
  encodeNull,
  encodeOctetString,
  encodeOid,
  encodePrintableString,
  encodeSequence,
  encodeSet,
  encodeSetOf,
  encodeSmallInteger,
  encodeTime,
  encodeUtf8String,
} from './writer.js';
