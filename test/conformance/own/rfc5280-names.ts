import { encodeNull, Oid } from '@touchmark/der';
import { generateTestKey, type TestCertificateOptions } from '@touchmark/testkit';
import type { EncodableName } from '@touchmark/x509';

import { nameConstraints, UNKNOWN } from './extensions.js';
import { accepted, type Material, type OwnCase, refused } from './own-case.js';
import { dn, dns, email, ica, ip, leaf, leafDer, root, uri } from './pki.js';

interface Subtrees {
  readonly permitted?: readonly EncodableName[];
  readonly excluded?: readonly EncodableName[];
}

const constrained = (subtrees: Subtrees, critical = true): TestCertificateOptions => ({
  extraExtensions: [nameConstraints(subtrees, critical)],
});

/** An end entity with these names, directly below a root with these constraints. */
function underRoot(subtrees: Subtrees, names: readonly EncodableName[], more: Partial<Material> = {}): Material {
  const anchor = root(constrained(subtrees));
  return { anchors: [anchor], leaf: leafDer(anchor, { subjectAltName: names }), ...more };
}

/** The same below an intermediate CA without names of its own. */
function underIca(subtrees: Subtrees, names: readonly EncodableName[], more: Partial<Material> = {}): Material {
  const anchor = root();
  const issuer = ica(anchor, { ...constrained(subtrees), subjectAltName: null });
  const end = leafDer(issuer, { subjectAltName: names });
  return { anchors: [anchor], intermediates: [issuer], leaf: end, ...more };
}

/** A client with mailboxes as names, the first asked for. */
function mailbox(subtrees: Subtrees, ...addresses: string[]): Material {
  const anchor = root();
  const issuer = ica(anchor, { ...constrained(subtrees), subjectAltName: null });
  const end = leaf(issuer, { subjectAltName: addresses.map(email), extKeyUsage: [Oid.clientAuth] });
  const mailboxes = addresses.slice(0, 1);
  return { anchors: [anchor], intermediates: [issuer], leaf: end, mailboxes, extKeyUsage: ['clientAuth'] };
}

/** An end entity with a commonName and a directoryName of one, below a root that permits or excludes `CN=foo`. */
function directory(list: 'permitted' | 'excluded', subject: string, name: string): Material {
  const anchor = root(constrained({ [list]: [dn('foo')] }));
  return { anchors: [anchor], leaf: leaf(anchor, { subject, subjectAltName: [dn(name)] }), server: null };
}

const NET = ip(192, 0, 2, 0, 255, 255, 255, 0);
const LOOPBACK = [...Array.from({ length: 15 }, () => 0), 1];
const LOOPBACK_NET = ip(...LOOPBACK, ...Array.from({ length: 16 }, () => 255));
const EXAMPLE = [dns('example.com')];
const OTHER_NAME: EncodableName = { kind: 'otherName', typeId: UNKNOWN, value: encodeNull() };

/** The constraint stands in the root or in the intermediate CA below it; a second one has the name that it forbids. */
function forbiddenIca(by: 'root' | 'intermediate'): Material {
  const subtrees = constrained({ permitted: [dns('permitted.example.com')], excluded: [dns('forbidden.example.com')] });
  const anchor = root(by === 'root' ? subtrees : {});
  const first = ica(anchor, { subjectAltName: null, ...(by === 'root' ? {} : subtrees) });
  const second = ica(first, { subjectAltName: [dns('forbidden.example.com')] });
  const server = 'permitted.example.com';
  return {
    anchors: [anchor],
    intermediates: [first, second],
    leaf: leaf(second, { subjectAltName: [dns(server)] }),
    server,
  };
}

/** Two intermediate CAs, each with what it permits. */
function permittedTwice(first: readonly string[], second: readonly string[]): Material {
  const anchor = root();
  const none = { subjectAltName: null };
  const upper = ica(anchor, { ...none, ...constrained({ permitted: first.map(dns) }) });
  const lower = ica(upper, { ...none, ...constrained({ permitted: second.map(dns) }) });
  const server = 'foo.example.com';
  return {
    anchors: [anchor],
    intermediates: [upper, lower],
    leaf: leaf(lower, { subjectAltName: [dns(server)] }),
    server,
  };
}

/** One CA with two certificates: the one with a forbidden name leads to what forbids it, or to nobody. */
function alternateIca(forbidden: 'untrusted' | 'trusted'): Material {
  const none = { subjectAltName: null };
  const [first, second] = [root({ ...none, subject: 'First' }), root({ ...none, subject: 'Second' })];
  const excluded = constrained({ excluded: [dns('forbidden.example.com')] });
  const upper = ica(first, { ...none, ...excluded });
  const twin = { subject: 'Twin', key: generateTestKey() };
  const named = { ...twin, subjectAltName: [dns('forbidden.example.com')] };
  const good = forbidden === 'trusted' ? ica(second, { ...twin, ...none }) : ica(upper, { ...twin, ...none });
  const bad = ica(forbidden === 'trusted' ? upper : second, named);
  return {
    anchors: forbidden === 'trusted' ? [first, second] : [first],
    intermediates: [upper, bad, good],
    leaf: leaf(bad, { subjectAltName: [dns('permitted.example.com')] }),
    server: 'permitted.example.com',
  };
}

/** The same name above and below; the self-issued certificate is the CA's, or the end entity's. */
function selfIssued(which: 'intermediate' | 'leaf'): Material {
  const own = { subject: 'not-example.com', subjectAltName: [dns('not-example.com')] };
  const subtrees = constrained({ permitted: EXAMPLE });
  if (which === 'intermediate') {
    const anchor = root({ ...own, ...subtrees });
    const issuer = anchor.issueCa(own);
    return { anchors: [anchor], intermediates: [issuer], leaf: leaf(issuer) };
  }
  const anchor = root(subtrees);
  const issuer = anchor.issueCa({ ...own, subjectAltName: null });
  return { anchors: [anchor], intermediates: [issuer], leaf: leaf(issuer, own), server: 'not-example.com' };
}

function inEndEntity(critical: boolean): Material {
  const anchor = root();
  return { anchors: [anchor], leaf: leaf(anchor, constrained({ permitted: EXAMPLE }, critical)) };
}

const NAME = 'NAME_NOT_PERMITTED';
const PROFILE = 'PROFILE_VIOLATED';

/** x509-limbo's `rfc5280::nc`. */
export const nameConstraintCases: readonly OwnCase[] = [
  refused('rfc5280::nc::permitted-dns-mismatch', NAME, () =>
    underRoot({ permitted: EXAMPLE }, [dns('not-example.com')], { server: 'not-example.com' }),
  ),
  refused('rfc5280::nc::excluded-dns-match', NAME, () => underIca({ excluded: EXAMPLE }, EXAMPLE)),
  accepted('rfc5280::nc::permitted-dns-match', () => underRoot({ permitted: EXAMPLE }, EXAMPLE)),
  refused('rfc5280::nc::permitted-dns-match-noncritical', PROFILE, () => {
    const anchor = root(constrained({ permitted: EXAMPLE }, false));
    return { anchors: [anchor], leaf: leaf(anchor) };
  }),
  accepted('rfc5280::nc::permitted-dns-match-more', () =>
    underRoot({ permitted: EXAMPLE }, [dns('foo.bar.example.com')], { server: 'foo.bar.example.com' }),
  ),
  refused('rfc5280::nc::excluded-dns-match-second', NAME, () =>
    underRoot({ excluded: [dns('not-allowed.example.com')] }, [...EXAMPLE, dns('not-allowed.example.com')]),
  ),
  refused('rfc5280::nc::permitted-ip-mismatch', NAME, () =>
    underRoot({ permitted: [NET] }, [ip(192, 0, 3, 1)], { server: '192.0.3.1' }),
  ),
  refused('rfc5280::nc::excluded-ipv4-match', NAME, () =>
    underRoot({ excluded: [NET] }, [ip(192, 0, 2, 1)], { server: '192.0.2.1' }),
  ),
  refused('rfc5280::nc::excluded-ipv6-match', NAME, () =>
    underRoot({ excluded: [LOOPBACK_NET] }, [ip(...LOOPBACK)], { server: '::1' }),
  ),
  accepted('rfc5280::nc::permitted-ipv4-match', () =>
    underRoot({ permitted: [NET] }, [ip(192, 0, 2, 1)], { server: '192.0.2.1' }),
  ),
  accepted('rfc5280::nc::permitted-ipv6-match', () =>
    underRoot({ permitted: [LOOPBACK_NET] }, [ip(...LOOPBACK)], { server: '::1' }),
  ),
  refused('rfc5280::nc::permitted-dn-mismatch', NAME, () => directory('permitted', 'not-foo', 'not-foo')),
  refused('rfc5280::nc::excluded-dn-match', NAME, () => directory('excluded', 'foo', 'foo')),
  accepted('rfc5280::nc::permitted-dn-match', () => directory('permitted', 'foo', 'foo')),
  refused('rfc5280::nc::permitted-dn-match-subject-san-mismatch', NAME, () => directory('permitted', 'not-foo', 'foo')),
  refused('rfc5280::nc::excluded-dn-match-sub-mismatch', NAME, () => directory('excluded', 'foo', 'not-foo')),
  accepted('rfc5280::nc::permitted-self-issued', () => selfIssued('intermediate')),
  refused('rfc5280::nc::excluded-self-issued-leaf', NAME, () => selfIssued('leaf')),
  refused('rfc5280::nc::excluded-match-permitted-and-excluded', NAME, () =>
    underRoot({ permitted: EXAMPLE, excluded: EXAMPLE }, EXAMPLE),
  ),
  accepted('rfc5280::nc::permitted-different-constraint-type', () => underRoot({ permitted: [NET] }, EXAMPLE)),
  accepted('rfc5280::nc::excluded-different-constraint-type', () => underRoot({ excluded: [NET] }, EXAMPLE)),
  refused('rfc5280::nc::invalid-dnsname-wildcard', 'CERTIFICATE_MALFORMED', () =>
    underRoot({ permitted: [dns('*.example.com')] }, [dns('foo.example.com')], { server: 'foo.example.com' }),
  ),
  refused('rfc5280::nc::invalid-dnsname-leading-period', 'CERTIFICATE_MALFORMED', () =>
    underRoot({ permitted: [dns('.example.com')] }, [dns('foo.example.com')], { server: 'foo.example.com' }),
  ),
  refused('rfc5280::nc::invalid-ipv4-address', 'CERTIFICATE_MALFORMED', () =>
    underRoot({ permitted: [ip(127, 0, 0, 1)] }, [ip(127, 0, 0, 1)], { server: '127.0.0.1' }),
  ),
  refused('rfc5280::nc::invalid-ipv6-address', 'CERTIFICATE_MALFORMED', () =>
    underRoot({ permitted: [ip(...LOOPBACK)] }, [ip(...LOOPBACK)], { server: '::1' }),
  ),
  refused('rfc5280::nc::invalid-email-address', 'CERTIFICATE_MALFORMED', () =>
    mailbox({ permitted: [email('invalid@invalid@example.com')] }, 'example@example.com'),
  ),
  refused('rfc5280::nc::not-allowed-in-ee-noncritical', 'EXTENSION_UNSUPPORTED', () => inEndEntity(false)),
  refused('rfc5280::nc::not-allowed-in-ee-critical', 'EXTENSION_UNSUPPORTED', () => inEndEntity(true)),
  refused('rfc5280::nc::intermediate-with-san-rejected-by-intermediate-nc', NAME, () => forbiddenIca('intermediate')),
  refused('rfc5280::nc::intermediate-with-san-rejected-by-root-nc', NAME, () => forbiddenIca('root')),
  refused('rfc5280::nc::restrictive-permits-in-intermediates-narrows', NAME, () =>
    permittedTwice(['foo.example.com', 'bar.example.com'], ['bar.example.com']),
  ),
  refused('rfc5280::nc::restrictive-permits-in-intermediates-widens', NAME, () =>
    permittedTwice(['bar.example.com'], ['foo.example.com', 'bar.example.com']),
  ),
  refused('rfc5280::nc::nc-permits-invalid-dns-san', PROFILE, () =>
    underIca({ permitted: EXAMPLE }, [dns('.example.com'), dns('foo.example.com')], { server: 'foo.example.com' }),
  ),
  refused('rfc5280::nc::nc-permits-invalid-ip-san', 'CERTIFICATE_MALFORMED', () =>
    underIca({ permitted: [NET] }, [NET, ip(192, 0, 2, 1)], { server: '192.0.2.1' }),
  ),
  refused('rfc5280::nc::nc-permits-invalid-email-san', NAME, () =>
    mailbox({ permitted: [email('example.com')] }, 'good@example.com', 'invalid@address@example.com'),
  ),
  accepted('rfc5280::nc::nc-forbids-alternate-chain-ica', () => alternateIca('untrusted')),
  accepted('rfc5280::nc::nc-forbids-same-chain-ica', () => alternateIca('trusted')),
  accepted('rfc5280::nc::nc-permits-email-exact', () =>
    mailbox({ permitted: [email('foo@example.com')] }, 'foo@example.com'),
  ),
  accepted('rfc5280::nc::nc-permits-email-domain', () =>
    mailbox({ permitted: [email('example.com')] }, 'foo@example.com'),
  ),
  accepted('rfc5280::nc::nc-permits-email-literal-asterisk-exact-match', () =>
    mailbox({ permitted: [email('*@example.com')] }, '*@example.com'),
  ),
  refused('rfc5280::nc::nc-permits-email-literal-asterisk-rejects-subdomain', NAME, () =>
    mailbox({ permitted: [email('*@example.com')] }, '*@subdomain.example.com'),
  ),
  refused('rfc5280::nc::nc-permits-email-literal-double-asterisk-rejects-single', NAME, () =>
    mailbox({ permitted: [email('**@example.com')] }, '*@example.com'),
  ),
  refused('rfc5280::nc::nc-forbids-othername', NAME, () =>
    underIca({ permitted: EXAMPLE, excluded: [OTHER_NAME] }, [...EXAMPLE, OTHER_NAME]),
  ),
  accepted('rfc5280::nc::nc-forbids-othername-noop', () =>
    underIca({ permitted: EXAMPLE, excluded: [OTHER_NAME] }, EXAMPLE),
  ),

  // section 4.2.1.10 on mailboxes and URIs, where the suite has no case
  accepted('rfc5280::nc::nc-permits-email-subdomains', () =>
    mailbox({ permitted: [email('.example.com')] }, 'foo@bar.example.com'),
  ),
  refused('rfc5280::nc::nc-permits-email-subdomains-not-domain', NAME, () =>
    mailbox({ permitted: [email('.example.com')] }, 'foo@example.com'),
  ),
  accepted('rfc5280::nc::nc-permits-uri-host', () =>
    underIca({ permitted: [uri('host.example.com')] }, [...EXAMPLE, uri('https://host.example.com:8443/a')]),
  ),
  refused('rfc5280::nc::nc-permits-uri-host-not-below', NAME, () =>
    underIca({ permitted: [uri('example.com')] }, [...EXAMPLE, uri('https://host.example.com/')]),
  ),
  refused('rfc5280::nc::nc-excludes-uri-subdomains', NAME, () =>
    underIca({ excluded: [uri('.example.com')] }, [...EXAMPLE, uri('https://host.example.com/')]),
  ),
  refused('rfc5280::nc::nc-permits-uri-without-authority', NAME, () =>
    underIca({ permitted: [uri('example.com')] }, [...EXAMPLE, uri('urn:example:a')]),
  ),
];
