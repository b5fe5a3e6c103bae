import { Oid } from '@touchmark/der';
import { generateTestKey, type TestCa, type TestCertificateOptions } from '@touchmark/testkit';
import { encodeExtension, keyIdentifier, parseSubjectPublicKeyInfo } from '@touchmark/x509';

import {
  authorityInfoAccess,
  authorityKeyIdentifier,
  basicConstraints,
  policyConstraints,
  subjectAltName,
  unknown,
} from './extensions.js';
import { accepted, type Material, type OwnCase, refused } from './own-case.js';
import { commonName, dns, ica, leaf, leafDer, root } from './pki.js';

const utc = (text: string): number => Date.parse(text) / 1000;

/** An end entity that deviates, directly below a root. */
function oddLeaf(options: TestCertificateOptions, more: Partial<Material> = {}): Material {
  const anchor = root();
  return { anchors: [anchor], leaf: leafDer(anchor, options), ...more };
}

/** A root that deviates, and an end entity directly below. */
function oddRoot(options: TestCertificateOptions): Material {
  const anchor = root(options);
  return { anchors: [anchor], leaf: leaf(anchor) };
}

/** An intermediate CA that deviates. */
function oddIca(options: TestCertificateOptions): Material {
  const anchor = root();
  const issuer = ica(anchor, options);
  return { anchors: [anchor], intermediates: [issuer], leaf: leaf(issuer) };
}

/** Three certificates, each from and to a year, judged in the middle of 2022. */
function dated(years: { root: number; ica: number; leaf: number }): Material {
  const until = (year: number): TestCertificateOptions => ({
    notBefore: utc('2016-01-01T00:00:00Z'),
    notAfter: utc(`${year}-01-01T00:00:00Z`),
  });
  const anchor = root(until(years.root));
  const issuer = ica(anchor, until(years.ica));
  const end = leaf(issuer, until(years.leaf));
  return { anchors: [anchor], intermediates: [issuer], leaf: end, at: utc('2022-01-01T00:00:00Z') };
}

/** All three valid for the same time, judged at `at`. */
function judgedAt(at: string, notBefore = '2024-03-01T00:00:00Z'): Material {
  const validity = { notBefore: utc(notBefore), notAfter: utc('2024-04-01T00:00:00Z') };
  const anchor = root(validity);
  const issuer = ica(anchor, validity);
  return { anchors: [anchor], intermediates: [issuer], leaf: leaf(issuer, validity), at: utc(at) };
}

const selfAki = (critical: boolean): TestCertificateOptions => {
  const key = generateTestKey();
  const identifier = keyIdentifier(parseSubjectPublicKeyInfo(key.subjectPublicKeyInfo));
  return { key, extraExtensions: [authorityKeyIdentifier({ keyIdentifier: identifier }, critical)] };
};

function criticalSki(): TestCertificateOptions {
  const value = Uint8Array.of(4, 4, 1, 2, 3, 4);
  return {
    subjectKeyIdentifier: null,
    extraExtensions: [encodeExtension(Oid.subjectKeyIdentifier, true, value)],
  };
}

function crossSignedRoot(): Material {
  const anchor = ica(root(), { authorityKeyIdentifier: null });
  return { anchors: [anchor], leaf: leaf(anchor) };
}

/** The end entity is an intermediate CA for ca.example.com. */
function caAsLeaf(server: string): Material {
  const anchor: TestCa = root();
  return { anchors: [anchor], leaf: ica(anchor, { subjectAltName: [dns('ca.example.com')] }), server };
}

function unrelated(critical: 'root' | 'intermediate'): Material {
  const anchor = root();
  const odd = { extraExtensions: [unknown(true)] };
  if (critical === 'root') {
    return { anchors: [anchor, root({ subject: 'Unrelated', ...odd })], leaf: leaf(anchor) };
  }
  const issuer = ica(anchor);
  return { anchors: [anchor], intermediates: [ica(anchor, odd), issuer], leaf: leaf(issuer) };
}

const PROFILE = 'PROFILE_VIOLATED';
const noUses = { keyUsage: ['cRLSign'] } as const;

/** x509-limbo's `rfc5280`, names apart. */
export const rfc5280Cases: readonly OwnCase[] = [
  refused('rfc5280::aki::critical-aki', 'EXTENSION_UNSUPPORTED', () => oddRoot(selfAki(true))),
  refused('rfc5280::aki::leaf-missing-aki', PROFILE, () => oddLeaf({ authorityKeyIdentifier: null })),
  refused('rfc5280::aki::intermediate-missing-aki', PROFILE, () => oddIca({ authorityKeyIdentifier: null })),
  accepted('rfc5280::aki::self-signed-root-missing-aki', () => oddRoot({})),
  refused('rfc5280::aki::cross-signed-root-missing-aki', PROFILE, crossSignedRoot),
  refused('rfc5280::ski::critical-ski', 'EXTENSION_UNSUPPORTED', () => oddRoot(criticalSki())),
  refused('rfc5280::ski::root-missing-ski', PROFILE, () => oddRoot({ subjectKeyIdentifier: null })),
  refused('rfc5280::ski::intermediate-missing-ski', PROFILE, () => oddIca({ subjectKeyIdentifier: null })),

  refused('rfc5280::eku::ee-wrong-eku', 'EXT_KEY_USAGE_MISSING', () =>
    oddLeaf({ extKeyUsage: [Oid.clientAuth] }, { extKeyUsage: ['serverAuth'] }),
  ),
  accepted('rfc5280::eku::ee-without-eku', () => oddLeaf({ extKeyUsage: null })),
  refused('rfc5280::eku::ee-eku-empty', 'CERTIFICATE_MALFORMED', () =>
    oddLeaf({
      extKeyUsage: null,
      extraExtensions: [encodeExtension(Oid.extKeyUsage, false, Uint8Array.of(0x30, 0))],
    }),
  ),

  refused('rfc5280::pc::ica-noncritical-pc', PROFILE, () =>
    oddIca({ extraExtensions: [policyConstraints({ requireExplicitPolicy: 3 }, false)] }),
  ),

  refused('rfc5280::san::malformed', 'CERTIFICATE_MALFORMED', () =>
    oddLeaf({
      subjectAltName: null,
      extraExtensions: [encodeExtension(Oid.subjectAltName, false, Buffer.from('example.com'))],
    }),
  ),
  refused('rfc5280::san::noncritical-with-empty-subject', 'SUBJECT_MISSING', () =>
    oddLeaf({ subject: commonName('') }),
  ),
  refused('rfc5280::san::underscore-dns', PROFILE, () =>
    oddLeaf({ subjectAltName: [dns('foo_bar.example.com')] }, { server: 'foo_bar.example.com' }),
  ),

  refused('rfc5280::serial::too-long', 'CERTIFICATE_MALFORMED', () =>
    oddLeaf({ serialNumber: new Uint8Array(22).fill(0x5a) }),
  ),
  refused('rfc5280::serial::zero', 'CERTIFICATE_MALFORMED', () => oddLeaf({ serialNumber: Uint8Array.of(0) })),

  refused('rfc5280::validity::expired-root', 'CERT_EXPIRED', () => dated({ root: 2020, ica: 2026, leaf: 2023 })),
  refused('rfc5280::validity::expired-intermediate', 'CERT_EXPIRED', () =>
    dated({ root: 2026, ica: 2020, leaf: 2023 }),
  ),
  refused('rfc5280::validity::expired-leaf', 'CERT_EXPIRED', () => dated({ root: 2026, ica: 2026, leaf: 2021 })),
  accepted('rfc5280::validity::notbefore-exact', () => judgedAt('2024-03-01T00:00:00Z')),
  refused('rfc5280::validity::notbefore-fractional', 'CERT_NOT_YET_VALID', () =>
    judgedAt('2024-03-01T00:00:00.999Z', '2024-03-01T00:00:01Z'),
  ),
  refused('rfc5280::validity::not-yet-valid-1-second', 'CERT_NOT_YET_VALID', () =>
    judgedAt('2024-03-01T00:00:00Z', '2024-03-01T00:00:01Z'),
  ),
  accepted('rfc5280::validity::notafter-exact', () => judgedAt('2024-04-01T00:00:00Z')),
  accepted('rfc5280::validity::notafter-fractional', () => judgedAt('2024-04-01T00:00:00.005Z')),
  refused('rfc5280::validity::expired-5-seconds', 'CERT_EXPIRED', () => judgedAt('2024-04-01T00:00:05Z')),

  refused('rfc5280::ee-empty-issuer', 'CERTIFICATE_MALFORMED', () => oddLeaf({ issuer: commonName('') })),
  refused('rfc5280::ca-empty-subject', 'CERTIFICATE_MALFORMED', () => {
    const anchor = root({ subject: commonName(''), issuer: commonName('Root') });
    return { anchors: [anchor], leaf: leafDer(anchor) };
  }),
  refused('rfc5280::unknown-critical-extension-ee', 'EXTENSION_UNSUPPORTED', () =>
    oddLeaf({ extraExtensions: [unknown(true)] }),
  ),
  refused('rfc5280::unknown-critical-extension-intermediate', 'EXTENSION_UNSUPPORTED', () =>
    oddIca({ extraExtensions: [unknown(true)] }),
  ),
  refused('rfc5280::unknown-critical-extension-root', 'EXTENSION_UNSUPPORTED', () =>
    oddRoot({ extraExtensions: [unknown(true)] }),
  ),
  accepted('rfc5280::unknown-critical-extension-unrelated-root', () => unrelated('root')),
  accepted('rfc5280::unknown-critical-extension-unrelated-intermediate', () => unrelated('intermediate')),
  refused('rfc5280::chain-untrusted-root', 'UNKNOWN_ISSUER', () => {
    const untrusted = root();
    const issuer = ica(untrusted);
    return {
      anchors: [root({ subject: 'Unrelated' })],
      intermediates: [untrusted, issuer],
      leaf: leaf(issuer),
    };
  }),
  refused('rfc5280::intermediate-ca-without-ca-bit', 'NOT_A_CA', () => oddIca({ basicConstraints: { cA: false } })),
  refused('rfc5280::intermediate-ca-missing-basic-constraints', 'NOT_A_CA', () => oddIca({ basicConstraints: null })),
  refused('rfc5280::root-missing-basic-constraints', 'NOT_A_CA', () => oddRoot({ basicConstraints: null })),
  refused('rfc5280::root-non-critical-basic-constraints', PROFILE, () =>
    oddRoot({ basicConstraints: null, extraExtensions: [basicConstraints(true, false)] }),
  ),
  refused('rfc5280::root-inconsistent-ca-extensions', 'KEY_USAGE_MISSING', () => oddRoot(noUses)),
  refused('rfc5280::ica-ku-keycertsign', 'KEY_USAGE_MISSING', () =>
    oddIca({ ...noUses, basicConstraints: { cA: true, pathLenConstraint: 0 } }),
  ),
  refused('rfc5280::leaf-ku-keycertsign', PROFILE, () =>
    oddLeaf({ basicConstraints: { cA: false }, keyUsage: ['digitalSignature', 'keyCertSign'] }),
  ),
  accepted('rfc5280::ee-aia', () => oddLeaf({ extraExtensions: [authorityInfoAccess(false)] })),
  refused('rfc5280::ee-critical-aia-invalid', 'EXTENSION_UNSUPPORTED', () =>
    oddLeaf({ extraExtensions: [authorityInfoAccess(true)] }),
  ),
  refused('rfc5280::duplicate-extensions', 'CERTIFICATE_MALFORMED', () =>
    oddLeaf({ extraExtensions: [subjectAltName([dns('example.com')])] }),
  ),
  accepted('rfc5280::no-keyusage', () => oddLeaf({ keyUsage: null })),
  accepted('rfc5280::no-basicconstraints', () => oddLeaf({ basicConstraints: null })),
  accepted('rfc5280::ca-as-leaf', () => caAsLeaf('ca.example.com')),
  refused('rfc5280::ca-as-leaf-wrong-san', 'NAME_MISMATCH', () => caAsLeaf('some-other-ca.example.com')),
  accepted('rfc5280::root-and-intermediate-swapped', () => {
    const untrusted = root();
    const anchor = ica(untrusted);
    return { anchors: [anchor], intermediates: [untrusted], leaf: leaf(anchor) };
  }),
];
