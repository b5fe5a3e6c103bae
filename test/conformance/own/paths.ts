import { generateTestKey, type TestCertificateOptions, type TestKey } from '@touchmark/testkit';
import { encodeBitString, encodeNull, encodeOid, encodeSequence, Oid } from '@touchmark/der';

import { nameConstraints } from './extensions.js';
import { accepted, type Material, type OwnCase, refused } from './own-case.js';
import { commonName, dns, ica, leaf, leafDer, root } from './pki.js';

/** CAs below a root, each with its pathLenConstraint or none, and an end entity. */
function path(lengths: readonly (number | undefined)[], more: Partial<Material> = {}): Material {
  const anchor = root();
  let last = anchor;
  const intermediates = lengths.map((pathLenConstraint) => {
    last = ica(last, {
      basicConstraints: pathLenConstraint === undefined ? { cA: true } : { cA: true, pathLenConstraint },
    });
    return last;
  });
  return { anchors: [anchor], intermediates, leaf: leaf(last), ...more };
}

function limit(pathLenConstraint: number): TestCertificateOptions {
  return { basicConstraints: { cA: true, pathLenConstraint } };
}

function selfIssuedPathLen(): Material {
  const anchor = root();
  const first = ica(anchor, limit(1));
  const second = first.issueCa({ subject: first.certificate.subject, ...limit(1) });
  const third = ica(second, limit(0));
  return { anchors: [anchor], intermediates: [first, second, third], leaf: leaf(third) };
}

/** The end entity is a CA certificate with a pathLenConstraint of its own. */
function pathLenInLeaf(): Material {
  const anchor = root();
  const issuer = ica(anchor, limit(0));
  return { anchors: [anchor], intermediates: [issuer], leaf: ica(issuer, limit(0)) };
}

/** Two CAs that certify each other; nobody who is trusted certifies them. */
function cycle(names: readonly [string, string], maxDepth?: number): Material {
  const keys = [generateTestKey(), generateTestKey()] as const;
  const first = root({ subject: names[0], key: keys[0] });
  const second = root({ subject: names[1], key: keys[1] });
  const intermediates = [
    second.issueCa({ subject: names[0], key: keys[0] }),
    first.issueCa({ subject: names[1], key: keys[1] }),
  ];
  return { anchors: [root()], intermediates, leaf: leaf(first), ...(maxDepth === undefined ? {} : { maxDepth }) };
}

/** The issuer is a trust anchor, and an expired CA certificate below another one. */
function expiredTwin(): Material {
  const [anchor, other] = [root(), root({ subject: 'Other' })];
  const twin = other.issueCa({ subject: anchor.certificate.subject, key: anchor.key, notBefore: 0, notAfter: 86_400 });
  return { anchors: [anchor, other], intermediates: [twin], leaf: leaf(anchor) };
}

/** Three CAs that certify each other in every direction, one of them trusted (CVE-2024-0567). */
function crossCertified(): Material {
  const cas = ['A', 'B', 'C'].map((subject) => root({ subject }));
  const crossed = cas.flatMap((issuer) =>
    cas
      .filter((subject) => subject !== issuer)
      .map((subject) => issuer.issueCa({ subject: subject.certificate.subject, key: subject.key })),
  );
  const below = cas.map((issuer) => ica(issuer));
  const [anchor, issuer] = [cas[0], below[0]];
  if (anchor === undefined || issuer === undefined) throw new Error('there are three CAs');
  const subjectAltName = [dns('example.com')];
  const end = leaf(issuer, { subject: commonName(''), subjectAltName, subjectAltNameCritical: true });
  return { anchors: [anchor], intermediates: [...crossed, ...below], leaf: end };
}

/** CVE-2025-61727: a wildcard that stands for names inside of what is excluded, or outside of what is permitted. */
function constrainedWildcard(subtrees: Parameters<typeof nameConstraints>[0], server: string): Material {
  const anchor = root();
  const issuer = ica(anchor, { subjectAltName: null, extraExtensions: [nameConstraints(subtrees)] });
  const end = leaf(issuer, { subjectAltName: [dns('*.example.com')] });
  return { anchors: [anchor], intermediates: [issuer], leaf: end, server };
}

function hosts(n: number, zone: string): ReturnType<typeof dns>[] {
  return Array.from({ length: n }, (_, i) => dns(`t${i}.${zone}`));
}

/** Many names against many constraints, none of which applies. */
function manyNames(constraints: number, names: number): Material {
  const anchor = root({ extraExtensions: [nameConstraints({ excluded: hosts(constraints, 'excluded.test') })] });
  return { anchors: [anchor], leaf: leafDer(anchor, { subjectAltName: hosts(names, 'test') }), server: 't0.test' };
}

/** A hundred CA certificates that lead into one another, and to no trust anchor. */
function labyrinth(name: (i: number) => string, key: () => TestKey): Material {
  const makers = Array.from({ length: 10 }, (_, i) => root({ subject: name(i), key: key() }));
  const intermediates = makers.flatMap((issuer) =>
    makers.map(({ key: certified }, j) => issuer.issueCa({ subject: name(j), key: certified })),
  );
  const [issuer] = makers;
  if (issuer === undefined) throw new Error('a labyrinth has CAs');
  return { anchors: [root({ subject: 'Elsewhere' })], intermediates, leaf: leaf(issuer) };
}

function invalidIssuerKey(): Material {
  const anchor = root();
  const algorithm = encodeSequence(encodeOid(Oid.rsaEncryption), encodeNull());
  const key = {
    ...generateTestKey(),
    subjectPublicKeyInfo: encodeSequence(algorithm, encodeBitString(new Uint8Array())),
  };
  const identifier = Uint8Array.of(1, 2, 3, 4);
  const issuer = ica(root(), { key, subjectKeyIdentifier: identifier });
  return { anchors: [anchor], intermediates: [issuer], leaf: leafDer(issuer, { authorityKeyIdentifier: identifier }) };
}

type MlDsa = 'ML-DSA-44' | 'ML-DSA-65' | 'ML-DSA-87';

/** Root and end entity with keys of that kind. */
function mlDsa(kind: MlDsa, ofLeaf: TestCertificateOptions = {}): Material {
  const anchor = root({ key: generateTestKey(kind) });
  return { anchors: [anchor], leaf: leaf(anchor, { key: generateTestKey(kind), ...ofLeaf }) };
}

/** x509-limbo's `pathlen`, `pathological`, `cve`, `invalid` and `rfc9881`. */
export const pathCases: readonly OwnCase[] = [
  accepted('pathlen::ee-with-intermediate-pathlen-0', () => path([0])),
  accepted('pathlen::ee-with-intermediate-pathlen-1', () => path([1])),
  accepted('pathlen::ee-with-intermediate-pathlen-2', () => path([2])),
  accepted('pathlen::validation-ignores-pathlen-in-leaf', pathLenInLeaf),
  refused('pathlen::intermediate-violates-pathlen-0', 'PATH_LEN_EXCEEDED', () => path([0, 0])),
  accepted('pathlen::intermediate-pathlen-may-increase', () => path([1, 2])),
  refused('pathlen::intermediate-pathlen-too-long', 'PATH_LEN_EXCEEDED', () => path([1, 0, 0])),
  accepted('pathlen::self-issued-certs-pathlen', selfIssuedPathLen),
  accepted('pathlen::max-chain-depth-0', () => path([], { maxDepth: 0 })),
  refused('pathlen::max-chain-depth-0-exhausted', 'PATH_TOO_LONG', () => path([undefined], { maxDepth: 0 })),
  accepted('pathlen::max-chain-depth-1', () => path([undefined], { maxDepth: 1 })),
  refused('pathlen::max-chain-depth-1-exhausted', 'PATH_TOO_LONG', () => path([undefined, undefined], { maxDepth: 1 })),
  accepted('pathlen::max-chain-depth-1-self-issued', () => {
    const anchor = root();
    const issuer = anchor.issueCa({ subject: anchor.certificate.subject });
    return { anchors: [anchor], intermediates: [issuer], leaf: leaf(issuer), maxDepth: 1 };
  }),

  accepted('pathological::multiple-chains-expired-intermediate', expiredTwin),
  refused('pathological::intermediate-cycle-distinct-cas', 'UNKNOWN_ISSUER', () => cycle(['One', 'Two'])),
  refused('pathological::intermediate-cycle-distinct-cas-max-depth', 'UNKNOWN_ISSUER', () =>
    cycle(['One', 'Two'], 255),
  ),
  refused('pathological::intermediate-cycle-same-logical-ca', 'BAD_SIGNATURE', () => cycle(['One', 'One'])),
  refused('pathological::nc-dos-1', 'CHAIN_TOO_LARGE', () => manyNames(2048, 2048)),
  refused('pathological::nc-dos-within-a-certificate', 'BUDGET_EXCEEDED', () => manyNames(1000, 400)),
  refused('pathological::pathological-chain-distinct-subject-distinct-key', 'BUDGET_EXCEEDED', () =>
    labyrinth((i) => `CA ${i}`, generateTestKey),
  ),
  refused('pathological::pathological-chain-same-subject-distinct-key', 'BUDGET_EXCEEDED', () =>
    labyrinth(() => 'CA', generateTestKey),
  ),
  refused('pathological::pathological-chain-distinct-subject-same-key', 'BUDGET_EXCEEDED', () => {
    const key = generateTestKey();
    return labyrinth(
      (i) => `CA ${i}`,
      () => key,
    );
  }),
  refused('pathological::pathological-chain-same-subject-same-key', 'UNKNOWN_ISSUER', () => {
    const key = generateTestKey();
    return labyrinth(
      () => 'CA',
      () => key,
    );
  }),

  accepted('cve::cve-2024-0567', crossCertified),
  refused('cve::cve-2025-61727', 'NAME_NOT_PERMITTED', () =>
    constrainedWildcard({ permitted: [dns('example.com')], excluded: [dns('bar.example.com')] }, 'bar.example.com'),
  ),
  refused('cve::cve-2025-61727-nc-permits-variant', 'NAME_NOT_PERMITTED', () =>
    constrainedWildcard({ permitted: [dns('foo.example.com')] }, 'foo.example.com'),
  ),

  refused('invalid::invalid-issuer-key', 'CERTIFICATE_MALFORMED', invalidIssuerKey),

  accepted('rfc9881::ml-dsa-44', () => mlDsa('ML-DSA-44')),
  accepted('rfc9881::ml-dsa-65', () => mlDsa('ML-DSA-65')),
  accepted('rfc9881::ml-dsa-87', () => mlDsa('ML-DSA-87')),
  refused('rfc9881::ml-dsa-44-bad-signature', 'BAD_SIGNATURE', () =>
    mlDsa('ML-DSA-44', { signingKey: generateTestKey('ML-DSA-44') }),
  ),
  refused('rfc9881::ml-dsa-44-key-encipherment', 'PROFILE_VIOLATED', () =>
    mlDsa('ML-DSA-44', { keyUsage: ['digitalSignature', 'keyEncipherment'] }),
  ),
  refused('rfc9881::ml-dsa-44-key-agreement', 'PROFILE_VIOLATED', () =>
    mlDsa('ML-DSA-44', { keyUsage: ['digitalSignature', 'keyAgreement'] }),
  ),
];
