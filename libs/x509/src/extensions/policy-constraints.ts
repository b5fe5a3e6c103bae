import { contextTag, DerReader, Oid } from '@touchmark/der';

import { X509Error } from '../error.js';
import { parsing, readWhole } from '../parsing.js';

/** After how many more certificates the rule begins to hold (SkipCerts, RFC 5280 4.2.1.11). */
export interface PolicyConstraints {
  readonly requireExplicitPolicy: number | undefined;
  readonly inhibitPolicyMapping: number | undefined;
}

/** At least one of the two. */
export function parsePolicyConstraints(value: Uint8Array): PolicyConstraints {
  return parsing(
    'EXTENSION_MALFORMED',
    () =>
      readWhole(value, (contents) => {
        const requireExplicitPolicy = readSkipCerts(contents, 0);
        const inhibitPolicyMapping = readSkipCerts(contents, 1);
        if (requireExplicitPolicy === undefined && inhibitPolicyMapping === undefined) {
          throw new X509Error('EXTENSION_MALFORMED', { oid: Oid.policyConstraints });
        }
        return { requireExplicitPolicy, inhibitPolicyMapping };
      }),
    Oid.policyConstraints,
  );
}

/** RFC 5280 4.2.1.14, in the same count. */
export function parseInhibitAnyPolicy(value: Uint8Array): number {
  return parsing(
    'EXTENSION_MALFORMED',
    () => {
      const reader = new DerReader(value);
      const skipCerts = reader.readSmallInteger();
      reader.end();
      return skipCerts;
    },
    Oid.inhibitAnyPolicy,
  );
}

function readSkipCerts(contents: DerReader, number: number): number | undefined {
  const tag = contextTag(number);
  return contents.peekTag() === tag ? contents.readSmallInteger(tag) : undefined;
}
