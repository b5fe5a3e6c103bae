import { VerifierError } from '../../error.js';
import type { Budget } from '../budget.js';
import type { NamedCertificate } from './certificate-names.js';
import type { NameSpace } from './name-space.js';

/** What name constraints need to know of a certificate in a path. */
export interface ConstrainedCertificate extends NamedCertificate {
  readonly selfIssued: boolean;
  readonly nameSpace: NameSpace | undefined;
}

/**
 * RFC 5280 6.1.3 (b), (c) and 6.1.4 (g) over a path, end entity first, trust anchor last. Each CA's constraints, the trust anchor's too
 * (RFC 5937), are kept by themselves: a name is in the intersection of what is permitted if every CA that constrains its form permits it,
 * and in the union of what is excluded if any excludes it. Self-issued certificates are exempt unless they end the path. Throws
 * VerifierError NAME_NOT_PERMITTED or BUDGET_EXCEEDED.
 */
export function checkNameConstraints(path: readonly ConstrainedCertificate[], budget: Budget): void {
  for (const [by, { nameSpace }] of path.entries()) {
    if (nameSpace === undefined) continue;
    for (const [depth, certificate] of path.slice(0, by).entries()) {
      if (depth > 0 && certificate.selfIssued) continue;
      const nameKind = nameSpace.refusedKind(certificate, budget);
      if (nameKind !== undefined) throw new VerifierError({ code: 'NAME_NOT_PERMITTED', depth, nameKind, by });
    }
  }
}
