import { encodeNull, Oid } from '@touchmark/der';
import {
  generateTestKey,
  makeTestCrl,
  OpensslFolder,
  TEST_NOW,
  TestCa,
  type TestCrlOptions,
  testDistributionPoints,
} from '@touchmark/testkit';
import { encodeExtension, encodePem } from '@touchmark/x509';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { verifyPath } from '../../path/verify-path.js';
import { CrlSource } from './crl-source.js';

const DAY = 86_400;
const URI = 'http://crl.example/1.crl';
const root = TestCa.root();
const issuing = root.issueCa();
const leaf = issuing.issue({ extraExtensions: [testDistributionPoints([{ distributionPoint: URI }])] });
const listed = { serialNumber: leaf.certificate };
const critical = encodeExtension('1.2.3', true, encodeNull());

let folder: OpensslFolder;
beforeAll(() => {
  folder = new OpensslFolder();
  folder.write('root.pem', encodePem('CERTIFICATE', root.der));
  folder.write('issuing.pem', encodePem('CERTIFICATE', issuing.der));
  folder.write('leaf.pem', encodePem('CERTIFICATE', leaf.der));
});
afterAll(() => {
  folder[Symbol.dispose]();
});

function acceptedByOpenssl(crls: readonly Uint8Array[]): boolean {
  const files = crls.flatMap((der, i) => {
    folder.write(`${i}.crl`, encodePem('X509 CRL', der));
    return ['-CRLfile', `${i}.crl`];
  });
  const options = ['-crl_check_all', '-extended_crl', '-use_deltas', '-attime', String(TEST_NOW)];
  try {
    folder.run('verify', ...options, '-CAfile', 'root.pem', '-untrusted', 'issuing.pem', ...files, 'leaf.pem');
    return true;
  } catch (error) {
    // Anything else than a verdict is a broken test.
    if (String(error).includes('verification failed')) return false;
    throw error;
  }
}

function acceptedByUs(crls: readonly Uint8Array[]): boolean {
  const source = new CrlSource();
  for (const der of crls) source.add(der);
  return verifyPath({
    chain: [leaf.der, issuing.der],
    trustAnchors: [root.certificate],
    intermediates: [],
    at: TEST_NOW,
    purpose: 'client',
    requireExtKeyUsage: false,
    revocation: { sources: [source] },
  }).ok;
}

describe('CrlSource and openssl verify -crl_check_all', () => {
  const rest = [
    'affiliationChanged',
    'superseded',
    'cessationOfOperation',
    'certificateHold',
    'privilegeWithdrawn',
  ] as const;
  const cases: readonly [string, boolean, readonly TestCrlOptions[]][] = [
    ['a CRL of the issuing CA', true, [{}]],
    ['none', false, []],
    ['a v1 CRL', true, [{ version: 1 }]],
    ['the certificate listed', false, [{ entries: [listed] }]],
    ['the certificate on hold', false, [{ entries: [{ ...listed, reasonCode: 'certificateHold' }] }]],
    ['somebody else listed', true, [{ entries: [{ serialNumber: Uint8Array.of(7) }] }]],
    ['its shard', true, [{ scope: { distributionPoint: URI } }]],
    ['another shard', false, [{ scope: { distributionPoint: `${URI}x` } }]],
    ['user certificates', true, [{ scope: { onlyContains: 'user' } }]],
    ['CA certificates', false, [{ scope: { onlyContains: 'ca' } }]],
    ['attribute certificates', false, [{ scope: { onlyContains: 'attribute' } }]],
    ['some reasons', false, [{ scope: { onlySomeReasons: ['keyCompromise'] } }]],
    [
      'all reasons in two CRLs',
      true,
      [
        { scope: { onlySomeReasons: rest } },
        { scope: { onlySomeReasons: ['keyCompromise', 'cACompromise', 'aACompromise'] } },
      ],
    ],
    ['a time that is over', false, [{ nextUpdate: TEST_NOW - 1 }]],
    ['a time to come', false, [{ thisUpdate: TEST_NOW + DAY / 2 }]],
    ['the signature of another key', false, [{ signingKey: generateTestKey() }]],
    ['the name of another issuer', false, [{ issuer: root.certificate.subject }]],
    ['an unknown critical extension', false, [{ extraExtensions: [critical] }]],
    ['an unknown critical extension of its entry', false, [{ entries: [{ ...listed, extraExtensions: [critical] }] }]],
    [
      'a delta that revokes',
      false,
      [{ extraExtensions: [freshest()] }, { cRLNumber: 2n, baseCRLNumber: 1n, entries: [listed] }],
    ],
    ['a delta alone', false, [{ cRLNumber: 2n, baseCRLNumber: 1n }]],
    [
      'a delta that releases',
      true,
      [
        { entries: [{ ...listed, reasonCode: 'certificateHold' }], extraExtensions: [freshest()] },
        { cRLNumber: 2n, baseCRLNumber: 1n, entries: [{ ...listed, reasonCode: 'removeFromCRL' }] },
      ],
    ],
    [
      'a delta from a later base that releases',
      false,
      [
        { entries: [{ ...listed, reasonCode: 'certificateHold' }], extraExtensions: [freshest()] },
        { cRLNumber: 3n, baseCRLNumber: 2n, entries: [{ ...listed, reasonCode: 'removeFromCRL' }] },
      ],
    ],
  ];

  it.each(cases)('%s', (_name, accepted, options) => {
    const crls = [makeTestCrl(root), ...options.map((option) => makeTestCrl(issuing, option))];
    expect({ ours: acceptedByUs(crls), openssl: acceptedByOpenssl(crls) }).toEqual({
      ours: accepted,
      openssl: accepted,
    });
  });
});

function freshest(): Uint8Array {
  return testDistributionPoints([{ distributionPoint: URI }], Oid.freshestCRL);
}
