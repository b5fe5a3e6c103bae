import { Oid, Tag } from '@touchmark/der';

import { checkCount, MAX_POLICY_MAPPINGS } from '../limits.js';
import { parsing, readWhole } from '../parsing.js';

/** Every policy of the issuer's domain with those of the subject's that it takes for equivalent (RFC 5280 4.2.1.5). */
export type PolicyMappings = ReadonlyMap<string, ReadonlySet<string>>;

/** At least one and at most 1024 pairs. That anyPolicy must not be among them is for who validates the path to say. */
export function parsePolicyMappings(value: Uint8Array): PolicyMappings {
  return parsing(
    'EXTENSION_MALFORMED',
    () =>
      readWhole(value, (contents) => {
        const mappings = new Map<string, Set<string>>();
        let count = 0;
        do {
          checkCount(count++, MAX_POLICY_MAPPINGS, contents);
          const pair = contents.read(Tag.SEQUENCE);
          const issuerDomainPolicy = pair.readOid();
          const subjectDomainPolicy = pair.readOid();
          pair.end();
          const known = mappings.get(issuerDomainPolicy);
          if (known === undefined) mappings.set(issuerDomainPolicy, new Set([subjectDomainPolicy]));
          else known.add(subjectDomainPolicy);
        } while (!contents.done);
        return mappings;
      }),
    Oid.policyMappings,
  );
}
