import { contextTag, type DerReader, encodeExplicit, encodeSequence, Oid, Tag } from '@touchmark/der';

import { X509Error } from '../error.js';
import { checkCount, MAX_SUBTREES } from '../limits.js';
import { parsing, readWhole } from '../parsing.js';
import { encodeGeneralName, type EncodableName, type GeneralName, readGeneralName } from './general-name.js';

/** Bases of the subtrees (RFC 5280 4.2.1.10), as they stand: what a base of each kind means is for who applies it. */
export interface NameConstraints {
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
}

/**
 * RFC 5280 4.2.1.10: at least one subtree, no list of none; an iPAddress is an address and a contiguous mask. A minimum or a maximum
 * is refused, as the RFC allows it to be.
 */
export function parseNameConstraints(value: Uint8Array): NameConstraints {
  return parsing(
    'EXTENSION_MALFORMED',
    () => {
      const constraints = readWhole(value, (contents) => ({
        permitted: readSubtrees(contents, 0),
        excluded: readSubtrees(contents, 1),
      }));
      const { permitted, excluded } = constraints;
      if (permitted.length + excluded.length === 0) throw malformed();
      return constraints;
    },
    Oid.nameConstraints,
  );
}

/** `permitted` before `excluded`; TypeError without any subtree. */
export function encodeNameConstraints({
  permitted = [],
  excluded = [],
}: {
  readonly permitted?: readonly EncodableName[];
  readonly excluded?: readonly EncodableName[];
}): Uint8Array {
  if (permitted.length + excluded.length === 0) throw new TypeError('name constraints need at least one subtree');
  const lists = [permitted, excluded].map((bases) => bases.map((base) => encodeSequence(encodeGeneralName(base))));
  return encodeSequence(...lists.flatMap((list, n) => (list.length === 0 ? [] : [encodeExplicit(n, ...list)])));
}

// [n] IMPLICIT SEQUENCE SIZE (1..MAX) OF GeneralSubtree OPTIONAL
function readSubtrees(contents: DerReader, n: number): readonly GeneralName[] {
  const list = contents.readOptional(contextTag(n, true));
  if (list === undefined) return [];
  const bases: GeneralName[] = [];
  do {
    checkCount(bases.length, MAX_SUBTREES, list);
    bases.push(readBase(list.read(Tag.SEQUENCE)));
  } while (!list.done);
  return bases;
}

// GeneralSubtree ::= SEQUENCE { base GeneralName, minimum [0] DEFAULT 0, maximum [1] OPTIONAL }
function readBase(subtree: DerReader): GeneralName {
  const base = readGeneralName(subtree);
  subtree.end();
  if (base.kind === 'iPAddress' && !isAddressRange(base.value)) throw malformed();
  return base;
}

/** An address and its mask, one after the other: 2 times 4 or 16 octets, in the mask ones before zeros (RFC 4632 3.1). */
function isAddressRange(value: Uint8Array): boolean {
  if (value.length !== 8 && value.length !== 32) return false;
  const bits = Array.from(value.subarray(value.length / 2), (octet) => octet.toString(2).padStart(8, '0')).join('');
  return /^1*0*$/.test(bits);
}

function malformed(): X509Error {
  return new X509Error('EXTENSION_MALFORMED', { oid: Oid.nameConstraints });
}
