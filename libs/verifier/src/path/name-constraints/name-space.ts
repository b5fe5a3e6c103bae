import { type GeneralName, type NameConstraints, parseNameConstraints } from '@touchmark/x509';

import type { Budget } from '../budget.js';
import { formOf, kindOf, type NamedCertificate, type NameKind } from './certificate-names.js';
import { directoryNames } from './directory-names.js';
import { dnsNames } from './dns-names.js';
import { ipAddresses } from './ip-addresses.js';
import { mailboxes } from './mailboxes.js';
import { type FormConstraint, unprocessed } from './name-form.js';
import { uris } from './uris.js';

/** Where one CA says that the names below it must lie: its name constraints, form by form. */
export class NameSpace {
  private readonly forms: readonly { readonly kind: NameKind; readonly constraint: FormConstraint }[];

  /** Throws X509Error EXTENSION_MALFORMED for bases that are not what their form asks. */
  constructor({ permitted, excluded }: NameConstraints) {
    const permittedByForm = Map.groupBy(permitted, formOf);
    const excludedByForm = Map.groupBy(excluded, formOf);
    const bases = new Map([...permitted, ...excluded].map((base) => [formOf(base), base]));
    this.forms = Array.from(bases, ([form, base]) => ({
      kind: kindOf(base),
      constraint: constraintOn(base, permittedByForm.get(form) ?? [], excludedByForm.get(form) ?? []),
    }));
  }

  /** The kind of a name that must not be in this certificate. Throws VerifierError BUDGET_EXCEEDED. */
  refusedKind(certificate: NamedCertificate, budget: Budget): NameKind | undefined {
    return this.forms.find(({ constraint }) => !constraint.allows(certificate, budget))?.kind;
  }
}

/** The contents of nameConstraints. Throws X509Error EXTENSION_MALFORMED. */
export function readNameSpace(value: Uint8Array): NameSpace {
  return new NameSpace(parseNameConstraints(value));
}

function constraintOn(
  base: GeneralName,
  permitted: readonly GeneralName[],
  excluded: readonly GeneralName[],
): FormConstraint {
  switch (base.kind) {
    case 'dNSName':
      return dnsNames.constraint(permitted, excluded);
    case 'iPAddress':
      return ipAddresses.constraint(permitted, excluded);
    case 'rfc822Name':
      return mailboxes.constraint(permitted, excluded);
    case 'uniformResourceIdentifier':
      return uris.constraint(permitted, excluded);
    case 'directoryName':
      return directoryNames.constraint(permitted, excluded);
    case 'otherName':
    case 'hardwareModuleName':
    case 'registeredID':
    case 'unsupported':
    default:
      return unprocessed(formOf(base));
  }
}
