import {
  contextTag,
  DerError,
  DerReader,
  encodeElement,
  encodeExplicit,
  encodeImplicit,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  Oid,
  Tag,
} from '@touchmark/der';

import { checkCount, MAX_GENERAL_NAMES } from '../limits.js';
import { readName } from '../name.js';

/** `GeneralName` (RFC 5280 4.2.1.6), by the RFC's names; hardwareModuleName is the otherName of RFC 4108 section 5. */
export type GeneralName =
  | { readonly kind: 'rfc822Name' | 'dNSName' | 'uniformResourceIdentifier'; readonly value: string }
  /** 4 or 16 octets; 8 or 32 in name constraints. */
  | { readonly kind: 'iPAddress'; readonly value: Uint8Array }
  /** DER of the Name. */
  | { readonly kind: 'directoryName'; readonly value: Uint8Array }
  | { readonly kind: 'registeredID'; readonly value: string }
  | { readonly kind: 'hardwareModuleName'; readonly hwType: string; readonly hwSerialNum: Uint8Array }
  /** `value` is the DER inside the explicit tag. */
  | { readonly kind: 'otherName'; readonly typeId: string; readonly value: Uint8Array }
  /** x400Address, ediPartyName: kept as the whole element, not looked into. */
  | { readonly kind: 'unsupported'; readonly der: Uint8Array };

/** What `encodeGeneralName` writes. */
export type EncodableName = Exclude<GeneralName, { kind: 'unsupported' }>;

const RFC822_NAME = contextTag(1);
const DNS_NAME = contextTag(2);
const URI = contextTag(6);
const IP_ADDRESS = contextTag(7);
const REGISTERED_ID = contextTag(8);
const OTHER_NAME = contextTag(0, true);
const DIRECTORY_NAME = contextTag(4, true);

/** Contents of a `GeneralNames ::= SEQUENCE SIZE (1..MAX) OF GeneralName`, to the end; DerError if there are more than `most`. */
export function readGeneralNames(contents: DerReader, most = MAX_GENERAL_NAMES): readonly GeneralName[] {
  const names: GeneralName[] = [];
  do {
    checkCount(names.length, most, contents);
    names.push(readGeneralName(contents));
  } while (!contents.done);
  return names;
}

export function readGeneralName(reader: DerReader): GeneralName {
  const tag = reader.peekTag();
  switch (tag) {
    case RFC822_NAME:
      return { kind: 'rfc822Name', value: readIa5(reader, tag) };
    case DNS_NAME:
      return { kind: 'dNSName', value: readIa5(reader, tag) };
    case URI:
      return { kind: 'uniformResourceIdentifier', value: readIa5(reader, tag) };
    case IP_ADDRESS:
      return { kind: 'iPAddress', value: reader.readContents(tag) };
    case REGISTERED_ID: {
      const contents = reader.readContents(tag);
      return { kind: 'registeredID', value: new DerReader(encodeElement(Tag.OID, contents)).readOid() };
    }
    case DIRECTORY_NAME: {
      const explicit = reader.read(tag);
      const value = readName(explicit);
      explicit.end();
      return { kind: 'directoryName', value };
    }
    case OTHER_NAME:
      return readOtherName(reader.read(tag));
    default: {
      const at = reader.offset;
      if (tag !== contextTag(3, true) && tag !== contextTag(5, true)) throw new DerError('DER_UNEXPECTED_TAG', at);
      return { kind: 'unsupported', der: reader.readElement() };
    }
  }
}

export function encodeGeneralName(name: EncodableName): Uint8Array {
  switch (name.kind) {
    case 'rfc822Name':
      return encodeImplicit(1, ia5(name.value));
    case 'dNSName':
      return encodeImplicit(2, ia5(name.value));
    case 'uniformResourceIdentifier':
      return encodeImplicit(6, ia5(name.value));
    case 'iPAddress':
      return encodeImplicit(7, name.value);
    case 'registeredID':
      return encodeImplicit(8, new DerReader(encodeOid(name.value)).readContents(Tag.OID));
    case 'directoryName':
      return encodeExplicit(4, name.value);
    case 'otherName':
      return encodeExplicit(0, encodeOid(name.typeId), encodeExplicit(0, name.value));
    case 'hardwareModuleName':
    default:
      return encodeExplicit(
        0,
        encodeOid(Oid.hardwareModuleName),
        encodeExplicit(0, encodeSequence(encodeOid(name.hwType), encodeOctetString(name.hwSerialNum))),
      );
  }
}

// OtherName ::= SEQUENCE { type-id OBJECT IDENTIFIER, value [0] EXPLICIT ANY }, its SEQUENCE tag replaced by [0].
function readOtherName(contents: DerReader): GeneralName {
  const typeId = contents.readOid();
  const explicit = contents.read(contextTag(0, true));
  const value = explicit.readElement();
  explicit.end();
  contents.end();
  if (typeId !== Oid.hardwareModuleName) return { kind: 'otherName', typeId, value };
  const module = new DerReader(value).read(Tag.SEQUENCE);
  const hwType = module.readOid();
  const hwSerialNum = module.readOctetString();
  module.end();
  return { kind: 'hardwareModuleName', hwType, hwSerialNum };
}

function readIa5(reader: DerReader, tag: number): string {
  const at = reader.offset;
  const contents = reader.readContents(tag);
  if (contents.some((octet) => octet > 0x7f)) throw new DerError('DER_BAD_STRING', at);
  return Buffer.from(contents.buffer, contents.byteOffset, contents.length).toString('latin1');
}

function ia5(text: string): Uint8Array {
  // oxlint-disable-next-line no-control-regex -- IA5String is all of ASCII
  if (!/^[\x00-\x7f]*$/.test(text)) throw new TypeError('not an IA5String');
  return Buffer.from(text, 'latin1');
}
