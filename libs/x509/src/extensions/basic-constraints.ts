import { encodeBoolean, encodeSequence, encodeSmallInteger, Oid, Tag } from '@touchmark/der';

import { X509Error } from '../error.js';
import { parsing, readWhole } from '../parsing.js';

export interface BasicConstraints {
  readonly cA: boolean;
  /** How many CA certificates may follow below, self-issued ones not counted; undefined is no limit. */
  readonly pathLenConstraint: number | undefined;
}

/** RFC 5280 4.2.1.9. pathLenConstraint without cA is refused. */
export function parseBasicConstraints(value: Uint8Array): BasicConstraints {
  return parsing(
    'EXTENSION_MALFORMED',
    () =>
      readWhole(value, (contents) => {
        const explicit = contents.peekTag() === Tag.BOOLEAN;
        const cA = explicit && contents.readBoolean();
        // DEFAULT FALSE is not encoded (X.690 11.5).
        if (explicit && !cA) throw new X509Error('EXTENSION_MALFORMED', { oid: Oid.basicConstraints });
        const pathLenConstraint = contents.done ? undefined : contents.readSmallInteger();
        if (!cA && pathLenConstraint !== undefined) {
          throw new X509Error('EXTENSION_MALFORMED', { oid: Oid.basicConstraints });
        }
        return { cA, pathLenConstraint };
      }),
    Oid.basicConstraints,
  );
}

export function encodeBasicConstraints({
  cA,
  pathLenConstraint,
}: {
  cA: boolean;
  pathLenConstraint?: number;
}): Uint8Array {
  if (!cA && pathLenConstraint !== undefined) throw new TypeError('pathLenConstraint needs cA');
  return encodeSequence(
    ...(cA ? [encodeBoolean(true)] : []),
    ...(pathLenConstraint === undefined ? [] : [encodeSmallInteger(pathLenConstraint)]),
  );
}
