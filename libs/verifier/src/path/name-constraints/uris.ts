import type { GeneralName } from '@touchmark/x509';

import { holdsHost, type HostSubtree, readHost, readHostSubtree } from './hosts.js';
import { NameForm } from './name-form.js';

/**
 * Constraints are on the host of the authority, whatever the scheme: of a SPIFFE ID on its trust domain. A URI without one, or with an
 * IP address there, is refused where URIs are constrained, as the RFC says.
 */
class Uris extends NameForm<string, HostSubtree> {
  protected override readName(name: GeneralName): string | undefined {
    return name.kind === 'uniformResourceIdentifier' ? hostOf(name.value) : undefined;
  }

  protected override readSubtree(base: GeneralName): HostSubtree | undefined {
    return base.kind === 'uniformResourceIdentifier' ? readHostSubtree(base.value) : undefined;
  }

  protected override holds(subtree: HostSubtree, host: string): boolean {
    return holdsHost(subtree, host);
  }
}

export const uris = new Uris('uniformResourceIdentifier');

// RFC 3986 3, no more than it allows: what parsers disagree about (a second "@", a backslash) is no authority.
const WITH_AUTHORITY = /^[a-z][a-z\d+.-]*:\/\/(?:[\w.~!$&'()*+,;=:%-]*@)?(?<host>[^/?#@:[\]\\]+)(?::\d*)?(?:[/?#]|$)/i;

function hostOf(uri: string): string | undefined {
  const host = WITH_AUTHORITY.exec(uri)?.groups?.['host'];
  return host === undefined ? undefined : readHost(host);
}
