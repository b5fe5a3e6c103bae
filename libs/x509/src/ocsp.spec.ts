import { createHash } from 'node:crypto';

import {
  encodeBitString,
  encodeEnumerated,
  encodeExplicit,
  encodeGeneralizedTime,
  encodeImplicit,
  encodeNull,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  encodeSmallInteger,
  fromHex,
  Oid,
  toHex,
} from '@touchmark/der';
import { describe, expect, it } from 'vitest';

import { hostileVariants, OpensslFolder, TEST_NOW, TestCa } from '@touchmark/testkit';

import { X509Error, type X509ErrorCode } from './error.js';
import { encodeExtension } from './extension.js';
import { parseOcspRequest } from './ocsp-request.js';
import { parseOcspResponse } from './ocsp-response.js';
import { encodePem } from './pem.js';
import { verifySignature } from './signature.js';
import { keyHashSha1, parseSubjectPublicKeyInfo } from './subject-public-key-info.js';

const root = TestCa.root();
const good = root.issue({ serialNumber: Uint8Array.of(0x80, 1) });
const revoked = root.issue({ serialNumber: Uint8Array.of(0x22) });
const CERT_ID = encodeSequence(
  encodeSequence(encodeOid(Oid.sha1), encodeNull()),
  encodeOctetString(new Uint8Array(20)),
  encodeOctetString(new Uint8Array(20)),
  encodeSmallInteger(1),
);

function folderWithCertificates(): OpensslFolder {
  const folder = new OpensslFolder();
  folder.write('ca.pem', encodePem('CERTIFICATE', root.der));
  folder.write('ca.key', root.key.privateKey.export({ format: 'pem', type: 'pkcs8' }));
  folder.write('good.pem', encodePem('CERTIFICATE', good.der));
  folder.write('revoked.pem', encodePem('CERTIFICATE', revoked.der));
  folder.write(
    'index',
    'V\t270101000000Z\t\t8001\tunknown\t/CN=x\nR\t270101000000Z\t260101000000Z,keyCompromise\t22\tunknown\t/CN=y\n',
  );
  return folder;
}

function request(extnValue?: Uint8Array, ...list: Uint8Array[]): Uint8Array {
  const requests = (list.length > 0 ? list : [CERT_ID]).map((certId) => encodeSequence(certId));
  const nonce = extnValue && encodeExplicit(2, encodeSequence(encodeExtension(Oid.ocspNonce, false, extnValue)));
  return encodeSequence(encodeSequence(encodeSequence(...requests), ...(nonce ? [nonce] : [])));
}

function codeOf(read: () => unknown): X509ErrorCode | 'accepted' {
  try {
    read();
  } catch (error) {
    if (error instanceof X509Error) return error.code;
    throw error;
  }
  return 'accepted';
}

describe('parseOcspRequest', () => {
  it('reads what openssl asks, both hashes, with a nonce', () => {
    using folder = folderWithCertificates();
    const certs = ['-sha256', '-cert', 'good.pem', '-sha1', '-cert', 'revoked.pem'];
    folder.run('ocsp', '-issuer', 'ca.pem', ...certs, '-reqout', 'req.der', '-no_nonce');
    const { requestList, nonce, signed } = parseOcspRequest(folder.read('req.der'));
    expect(requestList.map((id) => [id.hashAlgorithm, toHex(id.serialNumber)])).toEqual([
      [Oid.sha256, '008001'],
      [Oid.sha1, '22'],
    ]);
    const nameHash = createHash('sha256').update(root.certificate.subject).digest('hex');
    expect(toHex(requestList[0]!.issuerNameHash)).toBe(nameHash);
    const spki = parseSubjectPublicKeyInfo(root.key.subjectPublicKeyInfo);
    expect(requestList[1]!.issuerKeyHash).toEqual(keyHashSha1(spki));
    expect(nonce).toBeUndefined();
    expect(signed).toBe(false);

    folder.run('ocsp', '-issuer', 'ca.pem', '-cert', 'good.pem', '-reqout', 'nonce.der');
    const withNonce = parseOcspRequest(folder.read('nonce.der'));
    expect(withNonce.nonceLength).toBe(16);
    expect(toHex(withNonce.nonce!)).toMatch(/^0410/);
  });

  it('reads a signed request, without looking at the signature', () => {
    using folder = folderWithCertificates();
    folder.run(
      'ocsp',
      '-issuer',
      'ca.pem',
      '-cert',
      'good.pem',
      '-reqout',
      'req.der',
      '-signer',
      'ca.pem',
      '-signkey',
      'ca.key',
    );
    expect(parseOcspRequest(folder.read('req.der'))).toMatchObject({ signed: true });
  });

  it.each([
    [1, 'accepted'],
    [16, 'accepted'],
    [128, 'accepted'],
    [0, 'OCSP_REQUEST_MALFORMED'],
    [129, 'OCSP_REQUEST_MALFORMED'],
  ])('a nonce of %d octets is %s', (length, outcome) => {
    expect(codeOf(() => parseOcspRequest(request(encodeOctetString(new Uint8Array(length)))))).toBe(outcome);
  });

  it('takes the bare nonce of old clients, and keeps it as it came', () => {
    const bare = Uint8Array.of(9, 8, 7);
    expect(parseOcspRequest(request(bare))).toMatchObject({ nonce: bare, nonceLength: 3 });
    expect(codeOf(() => parseOcspRequest(request(new Uint8Array(0))))).toBe('OCSP_REQUEST_MALFORMED');
  });

  it('keeps the CertID octet for octet', () => {
    expect(parseOcspRequest(request(undefined, CERT_ID, CERT_ID)).requestList.map((id) => toHex(id.der))).toEqual([
      toHex(CERT_ID),
      toHex(CERT_ID),
    ]);
  });

  const critical = encodeSequence(encodeExtension('1.2.3', true, encodeNull()));
  const list = encodeSequence(encodeSequence(CERT_ID));
  it.each<[string, X509ErrorCode, Uint8Array]>([
    ['version 2', 'VERSION_INVALID', encodeSequence(encodeSequence(encodeExplicit(0, encodeSmallInteger(1)), list))],
    ['no request', 'OCSP_REQUEST_MALFORMED', encodeSequence(encodeSequence(encodeSequence()))],
    [
      'an unknown critical extension',
      'EXTENSION_CRITICAL_UNKNOWN',
      encodeSequence(encodeSequence(list, encodeExplicit(2, critical))),
    ],
    [
      'an unknown critical single extension',
      'EXTENSION_CRITICAL_UNKNOWN',
      encodeSequence(encodeSequence(encodeSequence(encodeSequence(CERT_ID, encodeExplicit(0, critical))))),
    ],
    ['nothing', 'OCSP_REQUEST_MALFORMED', new Uint8Array(0)],
  ])('refuses %s', (_name, code, der) => {
    expect(codeOf(() => parseOcspRequest(der))).toBe(code);
  });

  it('takes an encoded version 1 and a requestorName', () => {
    const name = encodeExplicit(1, encodeImplicit(2, Uint8Array.of(0x61)));
    const der = encodeSequence(encodeSequence(encodeExplicit(0, encodeSmallInteger(0)), name, list));
    expect(parseOcspRequest(der).requestList).toHaveLength(1);
  });

  it('throws nothing but X509Error on hostile variants', () => {
    const variants = hostileVariants(request(encodeOctetString(new Uint8Array(16)), CERT_ID, CERT_ID), 17);
    let refused = 0;
    for (let i = 0; i < 3000; i++) {
      const { value } = variants.next();
      if (codeOf(() => parseOcspRequest(value)) !== 'accepted') refused++;
    }
    expect(refused).toBeGreaterThan(1500);
  });
});

function responseByOpenssl(): Uint8Array {
  using folder = folderWithCertificates();
  folder.run('ocsp', '-issuer', 'ca.pem', '-cert', 'good.pem', '-cert', 'revoked.pem', '-reqout', 'req.der');
  const signer = ['-rsigner', 'ca.pem', '-rkey', 'ca.key', '-CA', 'ca.pem'];
  folder.run(
    'ocsp',
    '-index',
    'index',
    ...signer,
    '-reqin',
    'req.der',
    '-respout',
    'resp.der',
    '-ndays',
    '1',
    '-resp_key_id',
  );
  return folder.read('resp.der');
}

// Of nobody, with the DER of these certificates.
function responseWith(certs: readonly Uint8Array[]): Uint8Array {
  const time = encodeGeneralizedTime(TEST_NOW);
  const data = encodeSequence(encodeExplicit(2, encodeOctetString(new Uint8Array(20))), time, encodeSequence());
  const signature = [encodeSequence(encodeOid(Oid.ed25519)), encodeBitString(new Uint8Array(64))];
  const basic = encodeSequence(data, ...signature, encodeExplicit(0, encodeSequence(...certs)));
  return encodeSequence(
    encodeEnumerated(0),
    encodeExplicit(0, encodeSequence(encodeOid(Oid.ocspBasic), encodeOctetString(basic))),
  );
}

describe('parseOcspResponse', () => {
  it('takes sixteen certificates', () => {
    const response = parseOcspResponse(responseWith(Array.from({ length: 16 }, () => encodeSequence())));
    expect(response.responseStatus === 'successful' && response.basic.certs.length).toBe(16);
  });

  it('reads what openssl answers', () => {
    const response = parseOcspResponse(responseByOpenssl());
    if (response.responseStatus !== 'successful') throw new Error(response.responseStatus);
    const { basic } = response;
    expect(basic.responses.map((r) => [toHex(r.certId.serialNumber), r.certStatus])).toEqual([
      ['008001', { status: 'good' }],
      ['22', { status: 'revoked', revocationTime: Date.UTC(2026, 0, 1) / 1000, revocationReason: 'keyCompromise' }],
    ]);
    expect(basic.responses[0]!.nextUpdate! - basic.responses[0]!.thisUpdate).toBe(86_400);
    expect(basic.responderId).toEqual({ byKey: keyHashSha1(parseSubjectPublicKeyInfo(root.key.subjectPublicKeyInfo)) });
    expect(basic.responseExtensions.has(Oid.ocspNonce)).toBe(true);
    expect(basic.certs.map(toHex)).toEqual([toHex(root.der)]);
    expect(
      verifySignature({
        algorithm: basic.signatureAlgorithm,
        subjectPublicKeyInfo: root.key.subjectPublicKeyInfo,
        data: basic.tbsResponseData,
        signature: basic.signature,
      }),
    ).toBe(true);
  });

  it('reads an error', () => {
    expect(parseOcspResponse(fromHex('30030a0106'))).toEqual({ responseStatus: 'unauthorized' });
  });

  it.each([
    ['seventeen certificates', responseWith(Array.from({ length: 17 }, () => encodeSequence()))],
    ['status 4', encodeSequence(encodeEnumerated(4))],
    ['an error with responseBytes', encodeSequence(encodeEnumerated(6), encodeExplicit(0, encodeSequence()))],
    ['success without responseBytes', encodeSequence(encodeEnumerated(0))],
    [
      'another response type',
      encodeSequence(
        encodeEnumerated(0),
        encodeExplicit(0, encodeSequence(encodeOid('1.2.3'), encodeOctetString(encodeSequence()))),
      ),
    ],
  ])('refuses %s', (_name, der) => {
    expect(codeOf(() => parseOcspResponse(der))).toBe('OCSP_RESPONSE_MALFORMED');
  });

  it('throws nothing but X509Error on hostile variants', () => {
    const variants = hostileVariants(responseByOpenssl(), 19);
    let refused = 0;
    for (let i = 0; i < 3000; i++) {
      const { value } = variants.next();
      if (codeOf(() => parseOcspResponse(value)) !== 'accepted') refused++;
    }
    expect(refused).toBeGreaterThan(800);
  });
});
