import { type GeneralName, X509Error } from '@touchmark/x509';

import { Oid } from '@touchmark/der';

import type { Budget } from '../budget.js';
import { type NamedCertificate, namesByForm } from './certificate-names.js';

/** What one CA says of the names of one form. */
export interface FormConstraint {
  /** Whether all names of this form in the certificate are permitted and none is excluded. */
  allows(certificate: NamedCertificate, budget: Budget): boolean;
}

/**
 * One form of name, and what its subtrees hold (RFC 5280 4.2.1.10). A name that cannot be read is in no permitted subtree and in every
 * excluded one; a base that cannot be read makes the constraints malformed.
 */
export abstract class NameForm<Name, Subtree> {
  private readonly form: string;
  private readonly known = new WeakMap<NamedCertificate, readonly (Name | undefined)[]>();

  /** `form` as in `formOf`. */
  constructor(form: string) {
    this.form = form;
  }

  protected abstract readName(name: GeneralName): Name | undefined;
  protected abstract readSubtree(base: GeneralName): Subtree | undefined;
  /** Whether everything that the name stands for is in the subtree. */
  protected abstract holds(subtree: Subtree, name: Name): boolean;

  /** Whether anything that the name stands for is in the subtree. */
  protected touches(subtree: Subtree, name: Name): boolean {
    return this.holds(subtree, name);
  }

  /** Throws X509Error EXTENSION_MALFORMED. */
  constraint(permittedBases: readonly GeneralName[], excludedBases: readonly GeneralName[]): FormConstraint {
    const permitted = permittedBases.map((base) => this.subtree(base));
    const excluded = excludedBases.map((base) => this.subtree(base));
    const allowsName = (name: Name | undefined): boolean => {
      if (name === undefined || excluded.some((subtree) => this.touches(subtree, name))) return false;
      return permitted.length === 0 || permitted.some((subtree) => this.holds(subtree, name));
    };
    return {
      allows: (certificate, budget) => {
        const names = this.namesIn(certificate);
        budget.spendNameComparisons(names.length * (permitted.length + excluded.length));
        return names.every(allowsName);
      },
    };
  }

  private subtree(base: GeneralName): Subtree {
    const subtree = this.readSubtree(base);
    if (subtree === undefined) throw new X509Error('EXTENSION_MALFORMED', { oid: Oid.nameConstraints });
    return subtree;
  }

  // A certificate stands in many paths, under several CAs.
  private namesIn(certificate: NamedCertificate): readonly (Name | undefined)[] {
    let names = this.known.get(certificate);
    if (names === undefined) {
      names =
        namesByForm(certificate)
          .get(this.form)
          ?.map((name) => this.readName(name)) ?? [];
      this.known.set(certificate, names);
    }
    return names;
  }
}

/** For a form that has no meaning to us: whoever constrains it allows no name of that form. */
export function unprocessed(form: string): FormConstraint {
  return { allows: (certificate) => !namesByForm(certificate).has(form) };
}
