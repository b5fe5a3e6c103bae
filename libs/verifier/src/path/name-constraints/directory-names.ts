import {
  type GeneralName,
  isComparableName,
  mayBeSameRdn,
  rdnKeys,
  type RdnLikeness,
  rdnLikenesses,
} from '@touchmark/x509';

import { NameForm } from './name-form.js';

/** A Name as what is permitted sees it, and as what is excluded sees it, which few names are ever asked for. */
class DirectoryName {
  readonly keys: readonly string[];
  private readonly der: Uint8Array;
  private likenessesMemo: readonly RdnLikeness[] | undefined;

  constructor(der: Uint8Array) {
    this.keys = rdnKeys(der);
    this.der = der;
  }

  get likenesses(): readonly RdnLikeness[] {
    return (this.likenessesMemo ??= rdnLikenesses(this.der));
  }
}

/**
 * A base holds the names that begin with its RDNs, compared as RFC 5280 section 7.1 says. It touches those that may begin so for
 * somebody who reads them: another string type does not lead out of what is excluded. Names that are too long to compare are not
 * read: by their octets alone they would slip past it, too.
 */
class DirectoryNames extends NameForm<DirectoryName, DirectoryName> {
  protected override readName(name: GeneralName): DirectoryName | undefined {
    if (name.kind !== 'directoryName' || !isComparableName(name.value)) return undefined;
    return new DirectoryName(name.value);
  }

  protected override readSubtree(base: GeneralName): DirectoryName | undefined {
    return this.readName(base);
  }

  protected override holds(subtree: DirectoryName, name: DirectoryName): boolean {
    return subtree.keys.every((rdn, i) => rdn === name.keys[i]);
  }

  protected override touches(subtree: DirectoryName, name: DirectoryName): boolean {
    const { likenesses } = name;
    return subtree.likenesses.every((rdn, i) => {
      const its = likenesses[i];
      return its !== undefined && mayBeSameRdn(rdn, its);
    });
  }
}

export const directoryNames = new DirectoryNames('directoryName');
