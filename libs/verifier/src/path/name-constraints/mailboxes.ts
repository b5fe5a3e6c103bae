import type { GeneralName } from '@touchmark/x509';

import { holdsHost, type HostSubtree, readHost, readHostSubtree } from './hosts.js';
import { NameForm } from './name-form.js';

/** `local` without its quotes, in its own case (RFC 5280 7.5); `host` in lower case. */
interface Mailbox {
  readonly local: string;
  readonly host: string;
}

/** A base is one mailbox, a host, or with a leading dot the hosts below a domain. An asterisk is a letter like any other. */
class Mailboxes extends NameForm<Mailbox, Mailbox | HostSubtree> {
  protected override readName(name: GeneralName): Mailbox | undefined {
    return name.kind === 'rfc822Name' ? readMailbox(name.value) : undefined;
  }

  protected override readSubtree(base: GeneralName): Mailbox | HostSubtree | undefined {
    if (base.kind !== 'rfc822Name') return undefined;
    return base.value.includes('@') ? readMailbox(base.value) : readHostSubtree(base.value);
  }

  protected override holds(subtree: Mailbox | HostSubtree, { local, host }: Mailbox): boolean {
    return 'local' in subtree ? subtree.local === local && subtree.host === host : holdsHost(subtree, host);
  }
}

export const mailboxes = new Mailboxes('rfc822Name');

// RFC 5321 4.1.2: a Dot-string or a Quoted-string, beyond ASCII too (RFC 6531 3.3); no address literal, no source route.
const ATOM = String.raw`[\w!#$%&'*+/=?^${'`'}{|}~\u0080-\u{10ffff}-]+`;
const QUOTED = String.raw`"(?<quoted>(?:[ !#-\[\]-~\u0080-\u{10ffff}]|\\[ -~])*)"`;
const MAILBOX = new RegExp(`^(?:${QUOTED}|(?<dotted>${ATOM}(?:\\.${ATOM})*))@(?<domain>[^@]+)$`, 'u');

function readMailbox(text: string): Mailbox | undefined {
  const { quoted, dotted, domain } = MAILBOX.exec(text)?.groups ?? {};
  const host = domain === undefined ? undefined : readHost(domain);
  const local = dotted ?? quoted?.replaceAll(/\\(.)/gu, '$1');
  return local === undefined || host === undefined ? undefined : { local, host };
}
