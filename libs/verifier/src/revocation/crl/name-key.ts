import { toHex } from '@touchmark/der';
import { encodeGeneralName, type GeneralName } from '@touchmark/x509';

import { nameKey as makeNameKey } from '../../path/name-key.js';

// The names of CAs come again with every question, as the same arrays.
const keys = new WeakMap<Uint8Array, string>();

/** The same as that of a path, made once for each array: `name` is DER that was read before, and is not written to. */
export function nameKey(name: Uint8Array): string {
  let key = keys.get(name);
  if (key === undefined) {
    key = makeNameKey(name);
    keys.set(name, key);
  }
  return key;
}

/** The same for what distribution points are named by: URIs equal octet for octet, directory names as Names. */
export function generalNameKey(name: GeneralName): string {
  if (name.kind === 'uniformResourceIdentifier') return `uri:${name.value}`;
  if (name.kind === 'directoryName') return directoryKey(name.value);
  return `der:${toHex(name.kind === 'unsupported' ? name.der : encodeGeneralName(name))}`;
}

/** `generalNameKey` of a directoryName. */
export function directoryKey(name: Uint8Array): string {
  return `dir:${nameKey(name)}`;
}
