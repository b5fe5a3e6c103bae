import {
  DerError,
  DerReader,
  encodeInteger,
  encodeNull,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  Oid,
} from '@touchmark/der';
import { describe, expect, it } from 'vitest';

import { OpensslFolder, TestCa } from '@touchmark/testkit';

import { encodeCertId, readCertId } from './cert-id.js';
import { encodeOcspRequest } from './encode-ocsp-request.js';
import { encodePem } from './pem.js';
import { parseSubjectPublicKeyInfo } from './subject-public-key-info.js';

const digest = encodeOctetString(new Uint8Array(32));

function certId(parameters: readonly Uint8Array[], serial: Uint8Array = Uint8Array.of(1)): DerReader {
  const algorithm = encodeSequence(encodeOid(Oid.sha256), ...parameters);
  return new DerReader(encodeSequence(algorithm, digest, digest, encodeInteger(serial)));
}

const serialNumber = (length: number): Uint8Array => new Uint8Array(length).fill(1);

describe('readCertId', () => {
  it('takes hash parameters that are absent or NULL', () => {
    expect(readCertId(certId([])).hashAlgorithm).toBe(Oid.sha256);
    expect(readCertId(certId([encodeNull()])).hashAlgorithm).toBe(Oid.sha256);
  });

  it.each([
    ['something', [encodeOctetString(new Uint8Array(5_000))]],
    ['a NULL and more', [encodeNull(), encodeNull()]],
  ])('refuses hash parameters that are %s', (_name, parameters) => {
    expect(() => readCertId(certId(parameters))).toThrow(DerError);
  });

  it('refuses a serial number that is longer than any in use', () => {
    expect(readCertId(certId([], serialNumber(32))).serialNumber).toEqual(serialNumber(32));
    expect(() => readCertId(certId([], serialNumber(33)))).toThrow(
      expect.objectContaining({ code: 'SERIAL_NUMBER_INVALID' }),
    );
  });
});

describe('encodeCertId, encodeOcspRequest', () => {
  const root = TestCa.root();
  const issuerKey = parseSubjectPublicKeyInfo(root.key.subjectPublicKeyInfo);

  it.each(['sha1', 'sha256'] as const)('%s: octet for octet what openssl asks', (hashAlgorithm) => {
    using folder = new OpensslFolder();
    const leaf = root.issue({ serialNumber: Uint8Array.of(0x80, 1) });
    folder.write('ca.pem', encodePem('CERTIFICATE', root.der));
    folder.write('leaf.pem', encodePem('CERTIFICATE', leaf.der));
    folder.run('ocsp', '-issuer', 'ca.pem', `-${hashAlgorithm}`, '-cert', 'leaf.pem', '-reqout', 'req', '-no_nonce');
    const { issuer, serialNumber: number } = leaf.certificate;
    const content = { hashAlgorithm, issuer, issuerKey, serialNumber: number };
    expect(encodeOcspRequest({ requestList: [content] })).toEqual(folder.read('req'));
    expect(readCertId(new DerReader(encodeCertId(content))).serialNumber).toEqual(number);
  });

  it('TypeError for a request about nothing', () => {
    expect(() => encodeOcspRequest({ requestList: [] })).toThrow(TypeError);
  });
});
