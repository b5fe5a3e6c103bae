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

import { readCertId } from './cert-id.js';

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
