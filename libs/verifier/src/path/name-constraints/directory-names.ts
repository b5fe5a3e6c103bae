import { type GeneralName, isComparableName, rdnKeys } from '@touchmark/x509';

import { NameForm } from './name-form.js';

type RdnKeys = readonly string[];

/**
 * A base holds the names that begin with its RDNs, compared as RFC 5280 section 7.1 says. Names that are too long for that are not
 * read: by their octets alone they would slip past what is excluded.
 */
class DirectoryNames extends NameForm<RdnKeys, RdnKeys> {
  protected override readName(name: GeneralName): RdnKeys | undefined {
    return name.kind === 'directoryName' && isComparableName(name.value) ? rdnKeys(name.value) : undefined;
  }

  protected override readSubtree(base: GeneralName): RdnKeys | undefined {
    return this.readName(base);
  }

  protected override holds(subtree: RdnKeys, name: RdnKeys): boolean {
    return subtree.every((rdn, i) => rdn === name[i]);
  }
}

export const directoryNames = new DirectoryNames('directoryName');
