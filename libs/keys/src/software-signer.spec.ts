import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generateKeyPair } from './key-pair.js';
import { SoftwareSigner } from './software-signer.js';

const data = Buffer.from('to be signed');
const kinds = [
  { kind: 'P-256', algorithm: 'ecdsaWithSHA256', digest: 'sha256' },
  { kind: 'P-384', algorithm: 'ecdsaWithSHA384', digest: 'sha384' },
  { kind: 'Ed25519', algorithm: 'ed25519', digest: null },
] as const;

describe('SoftwareSigner', () => {
  it.each(kinds)('$kind: both modes sign with $algorithm', async ({ kind, algorithm, digest }) => {
    const { pkcs8, subjectPublicKeyInfo } = generateKeyPair(kind);
    const key = createPublicKey({ key: Buffer.from(subjectPublicKeyInfo), format: 'der', type: 'spki' });
    const inline = new SoftwareSigner(pkcs8, 'inline');
    const pool = new SoftwareSigner(pkcs8, 'pool');
    const atOnce = inline.sign(data);
    const later = pool.sign(data);

    expect(inline.signatureAlgorithm).toBe(algorithm);
    expect(Buffer.from(inline.subjectPublicKeyInfo)).toEqual(Buffer.from(subjectPublicKeyInfo));
    expect(atOnce).toBeInstanceOf(Uint8Array);
    expect(later).toBeInstanceOf(Promise);
    expect(verify(digest, data, key, await atOnce)).toBe(true);
    expect(verify(digest, data, key, await later)).toBe(true);
    expect(verify(digest, Buffer.from('other data'), key, await atOnce)).toBe(false);
  });

  it('P-256: the openssl command verifies the signature', async () => {
    const { pkcs8, subjectPublicKeyInfo } = generateKeyPair('P-256');
    const folder = mkdtempSync(join(tmpdir(), 'signer-'));
    const paths = { key: join(folder, 'key.der'), signature: join(folder, 'signature') };
    writeFileSync(paths.key, subjectPublicKeyInfo);
    writeFileSync(paths.signature, await new SoftwareSigner(pkcs8, 'inline').sign(data));
    const args = ['dgst', '-sha256', '-verify', paths.key, '-keyform', 'DER', '-signature', paths.signature];
    expect(execFileSync('openssl', args, { input: data, encoding: 'utf8' }).trim()).toBe('Verified OK');
    rmSync(folder, { recursive: true });
  });

  it('clear key overwritten after the signer was made: it still signs', async () => {
    const { pkcs8, subjectPublicKeyInfo } = generateKeyPair('P-256');
    const signer = new SoftwareSigner(pkcs8, 'inline');
    pkcs8.fill(0);
    const key = createPublicKey({ key: Buffer.from(subjectPublicKeyInfo), format: 'der', type: 'spki' });
    expect(verify('sha256', data, key, await signer.sign(data))).toBe(true);
  });

  it.each([
    { name: 'P-521', pair: () => generateKeyPairSync('ec', { namedCurve: 'P-521' }) },
    { name: 'RSA', pair: () => generateKeyPairSync('rsa', { modulusLength: 2048 }) },
    { name: 'X25519', pair: () => generateKeyPairSync('x25519') },
  ])('$name key: KEY_TYPE_UNSUPPORTED', ({ pair }) => {
    const pkcs8 = pair().privateKey.export({ format: 'der', type: 'pkcs8' });
    expect(() => new SoftwareSigner(pkcs8, 'inline')).toThrow(
      expect.objectContaining({ code: 'KEY_TYPE_UNSUPPORTED' }),
    );
  });

  it('octets that are no key: KEY_MALFORMED', () => {
    expect(() => new SoftwareSigner(Buffer.of(0x30, 0), 'pool')).toThrow(
      expect.objectContaining({ code: 'KEY_MALFORMED' }),
    );
  });
});
