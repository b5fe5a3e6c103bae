import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as pkijs from 'pkijs';
import { describe, expect, it } from 'vitest';
import { encodeCertsOnly, parseCertsOnly } from './certs-only.js';

function certificate(name: string): Uint8Array {
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
  return execFileSync('openssl', [...args, '-keyout', '/dev/null', '-subj', `/CN=${name}`, '-outform', 'DER'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

const root = certificate('a root with the longest name of them');
const issuing = certificate('issuing');
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('encodeCertsOnly', () => {
  const message = encodeCertsOnly([root, issuing]);

  it('openssl pkcs7 prints every certificate', () => {
    const args = ['pkcs7', '-inform', 'DER', '-print_certs', '-noout'];
    const printed = execFileSync('openssl', args, { input: message, encoding: 'utf8' });
    expect(printed.match(/^subject=.*$/gm)?.toSorted()).toEqual([
      'subject=CN = a root with the longest name of them',
      'subject=CN = issuing',
    ]);
  });

  it('pkijs reads a SignedData of version 1 with those certificates and nothing else', () => {
    const contentInfo = pkijs.ContentInfo.fromBER(message);
    expect(contentInfo.contentType).toBe('1.2.840.113549.1.7.2');
    const signedData = new pkijs.SignedData({ schema: contentInfo.content });
    expect(signedData.version).toBe(1);
    expect(signedData.digestAlgorithms).toEqual([]);
    expect(signedData.signerInfos).toEqual([]);
    expect(signedData.encapContentInfo.eContentType).toBe('1.2.840.113549.1.7.1');
    expect(signedData.encapContentInfo.eContent).toBeUndefined();
    const read = (signedData.certificates ?? []).map((item) => hex(new Uint8Array(item.toSchema().toBER())));
    expect(read.toSorted()).toEqual([hex(root), hex(issuing)].toSorted());
  });

  it('openssl builds the same octets from one certificate', () => {
    const folder = mkdtempSync(join(tmpdir(), 'certs-only-'));
    const file = join(folder, 'issuing.pem');
    writeFileSync(file, new X509Certificate(issuing).toString());
    const args = ['crl2pkcs7', '-nocrl', '-certfile', file, '-outform', 'DER'];
    expect(hex(encodeCertsOnly([issuing]))).toBe(hex(execFileSync('openssl', args)));
    rmSync(folder, { recursive: true });
  });

  it('any order of certificates: the same octets', () => {
    expect(hex(encodeCertsOnly([issuing, root]))).toBe(hex(message));
  });

  it('no certificate: TypeError', () => {
    expect(() => encodeCertsOnly([])).toThrow(TypeError);
  });
});

describe('parseCertsOnly', () => {
  const message = encodeCertsOnly([root, issuing]);

  it('what was encoded: the same certificates', () => {
    expect(parseCertsOnly(message).map(hex).toSorted()).toEqual([hex(root), hex(issuing)].toSorted());
  });

  it('any truncation or a trailing octet: CERTS_ONLY_MALFORMED', () => {
    const code = expect.objectContaining({ code: 'CERTS_ONLY_MALFORMED' });
    for (let length = 0; length < message.length; length += 1) {
      expect(() => parseCertsOnly(message.subarray(0, length))).toThrow(code);
    }
    expect(() => parseCertsOnly(Buffer.concat([message, Buffer.of(0)]))).toThrow(code);
  });

  it.each([
    { name: 'a certificate itself', der: issuing },
    { name: 'version 3', der: changed(message, '020101', '020103') },
    { name: 'another content type', der: changed(message, '06092a864886f70d010702', '06092a864886f70d010703') },
    {
      name: 'encapsulated content of another type',
      der: changed(message, '06092a864886f70d010701', '06092a864886f70d010705'),
    },
  ])('$name: CERTS_ONLY_MALFORMED', ({ der }) => {
    expect(() => parseCertsOnly(der)).toThrow(expect.objectContaining({ code: 'CERTS_ONLY_MALFORMED' }));
  });
});

function changed(der: Uint8Array, from: string, to: string): Uint8Array {
  return Buffer.from(hex(der).replace(from, to), 'hex');
}
