import { encodeOctetString, Oid } from '@touchmark/der';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { fixedKey } from '@touchmark/testkit';

import { encodeCertificationRequest } from './encode-certification-request.js';
import { encodeOcspRequest } from './encode-ocsp-request.js';
import { parseCertificationRequest } from './certification-request.js';
import { encodeExtension } from './extension.js';
import { encodeIssuingDistributionPoint, parseIssuingDistributionPoint } from './extensions/distribution-points.js';
import { encodeName } from './name.js';
import { parseOcspRequest } from './ocsp-request.js';
import { verifySignature } from './signature.js';
import { keyHashSha1, keyHashSha256, parseSubjectPublicKeyInfo } from './subject-public-key-info.js';

const RUNS = { numRuns: 60 };
const key = fixedKey(1);
const issuerKey = parseSubjectPublicKeyInfo(key.subjectPublicKeyInfo);
const commonName = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .map((value) => encodeName([{ type: Oid.commonName, value }]));
// INTEGER contents, positive and minimal.
const serialNumber = fc.uint8Array({ minLength: 1, maxLength: 19 }).map((octets) => Uint8Array.of(0x54, ...octets));

describe('What is written reads back as it was', () => {
  it('certification requests', () => {
    const extension = fc.tuple(fc.nat(500), fc.boolean(), fc.uint8Array({ maxLength: 20 }));
    const extensions = fc.uniqueArray(extension, { maxLength: 5, selector: ([n]) => n });
    fc.assert(
      fc.property(commonName, extensions, (subject, asked) => {
        const der = encodeCertificationRequest({
          subject,
          extensions: asked.map(([n, critical, value]) => encodeExtension(`1.2.3.${n}`, critical, value)),
          privateKey: key.privateKey,
        });
        const request = parseCertificationRequest(der);
        const {
          subjectPublicKeyInfo,
          signatureAlgorithm: algorithm,
          certificationRequestInfo: data,
          signature,
        } = request;
        expect(request.subject).toEqual(subject);
        expect(subjectPublicKeyInfo).toEqual(key.subjectPublicKeyInfo);
        expect([...request.requestedExtensions]).toEqual(
          asked.map(([n, critical, value]) => [`1.2.3.${n}`, { critical, value }]),
        );
        expect(verifySignature({ algorithm, subjectPublicKeyInfo, data, signature })).toBe(true);
      }),
      RUNS,
    );
  });

  it('OCSP requests and their CertIDs', () => {
    const certId = fc.record({
      hashAlgorithm: fc.constantFrom('sha1' as const, 'sha256' as const),
      issuer: commonName,
      serialNumber,
    });
    const nonce = fc.option(fc.uint8Array({ minLength: 32, maxLength: 32 }), { nil: undefined });
    fc.assert(
      fc.property(fc.array(certId, { minLength: 1, maxLength: 4 }), nonce, (asked, sent) => {
        const requestList = asked.map((one) => ({ ...one, issuerKey }));
        const request = parseOcspRequest(encodeOcspRequest({ requestList, ...(sent && { nonce: sent }) }));
        // the OCTET STRING, to be echoed
        expect(request.nonce).toEqual(sent && encodeOctetString(sent));
        expect(request.signed).toBe(false);
        expect(
          request.requestList.map((id) => [
            id.hashAlgorithm,
            id.serialNumber,
            id.issuerKeyHash,
            id.issuerNameHash.length,
          ]),
        ).toEqual(
          asked.map((one) =>
            one.hashAlgorithm === 'sha1'
              ? [Oid.sha1, one.serialNumber, keyHashSha1(issuerKey), 20]
              : [Oid.sha256, one.serialNumber, keyHashSha256(issuerKey), 32],
          ),
        );
      }),
      RUNS,
    );
  });

  it('issuingDistributionPoint', () => {
    const uris = fc.array(fc.string({ unit: 'binary-ascii', maxLength: 30 }), { minLength: 1, maxLength: 4 });
    const only = fc.constantFrom({}, { onlyContainsUserCerts: true }, { onlyContainsCACerts: true });
    fc.assert(
      fc.property(uris, only, (names, scope) => {
        expect(parseIssuingDistributionPoint(encodeIssuingDistributionPoint({ uris: names, ...scope }))).toMatchObject({
          distributionPoint: { fullName: names.map((value) => ({ kind: 'uniformResourceIdentifier', value })) },
          onlyContainsUserCerts: false,
          onlyContainsCACerts: false,
          onlySomeReasons: undefined,
          indirectCRL: false,
          ...scope,
        });
      }),
      RUNS,
    );
  });
});
