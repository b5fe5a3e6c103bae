import { encodeOid, encodeSequence, Oid, Tag } from '@touchmark/der';

import { X509Error } from '../error.js';
import { checkCount, MAX_POLICIES } from '../limits.js';
import { parsing, readWhole } from '../parsing.js';

/** Policy OIDs (RFC 5280 4.2.1.4), none twice, 32 at most. Qualifiers are passed over. */
export function parseCertificatePolicies(value: Uint8Array): ReadonlySet<string> {
  return parsing(
    'EXTENSION_MALFORMED',
    () =>
      readWhole(value, (contents) => {
        const policies = new Set<string>();
        do {
          checkCount(policies.size, MAX_POLICIES, contents);
          const information = contents.read(Tag.SEQUENCE);
          const policy = information.readOid();
          if (!information.done) information.skip(Tag.SEQUENCE);
          information.end();
          if (policies.has(policy)) throw new X509Error('EXTENSION_MALFORMED', { oid: Oid.certificatePolicies });
          policies.add(policy);
        } while (!contents.done);
        return policies;
      }),
    Oid.certificatePolicies,
  );
}

export function encodeCertificatePolicies(policies: readonly string[]): Uint8Array {
  if (policies.length === 0) throw new TypeError('certificatePolicies needs at least one policy');
  return encodeSequence(...policies.map((policy) => encodeSequence(encodeOid(policy))));
}
