import { expect, it } from 'vitest';

import type { Outcome } from './conformance-case.js';
import { limboCases } from './limbo.js';
import type { LimboCase } from './limbo-file.js';
import { accepted, limboCaseOf } from './own/own-case.js';
import { dns, leaf, root } from './own/pki.js';

const anchor = root();
// Its commonName is none of its names: the public web refuses that, RFC 5280 does not.
const names = { subject: 'other.example.com', subjectAltName: [dns('example.com')] };
const end = leaf(anchor, names);

function judged(change: Partial<LimboCase>): Outcome | undefined {
  const plain = limboCaseOf(accepted('rfc5280::a', () => ({ anchors: [anchor], leaf: end })));
  const [testCase] = limboCases([{ ...plain, ...change }]);
  return testCase?.judge();
}

it.each<[string, Partial<LimboCase>, Outcome['answer']]>([
  ['a case as it is', {}, 'SUCCESS'],
  ['the profile by what stands before the first ::', { id: 'webpki::a' }, 'FAILURE'],
  ['nothing by what stands behind it', { id: 'rfc5280::webpki::a' }, 'SUCCESS'],
  ['another server', { expected_peer_name: { kind: 'DNS', value: 'example.org' } }, 'FAILURE'],
  [
    'a text that is an address, whatever its kind',
    { expected_peer_name: { kind: 'DNS', value: '192.0.2.1' } },
    'FAILURE',
  ],
  ['a mailbox that is not there', { expected_peer_names: [{ kind: 'RFC822', value: 'a@example.com' }] }, 'FAILURE'],
  ['a use that the key has not', { key_usage: ['keyEncipherment'] }, 'FAILURE'],
  ['PEM that is none', { peer_certificate: '-----BEGIN CERTIFICATE-----\n' }, 'FAILURE'],
  ['no CRL for the end entity', { crls: ['-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n'] }, 'FAILURE'],
  ['a purpose that is not ours', { extended_key_usage: ['emailProtection'] }, 'UNSUPPORTED'],
  ['several purposes', { extended_key_usage: ['serverAuth', 'clientAuth'] }, 'UNSUPPORTED'],
  ['a choice of algorithms', { signature_algorithms: ['ED25519'] }, 'UNSUPPORTED'],
  ['a kind of names that nobody knows', { expected_peer_name: { kind: 'X', value: 'x' } }, 'UNSUPPORTED'],
])('%s', (_name, change, answer) => {
  expect(judged(change)?.answer).toBe(answer);
});
