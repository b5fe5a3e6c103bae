import { createCipheriv, createDecipheriv } from 'node:crypto';
import { CompactEncrypt } from 'jose';
import { describe, expect, it } from 'vitest';
import { decryptPrivateKey, encryptPrivateKey } from './encrypted-key.js';
import { generateKeyPair } from './key-pair.js';

const keyEncryptionKey = new Uint8Array(32).fill(7);
const { pkcs8, subjectPublicKeyInfo } = generateKeyPair('P-256');
const identity = { authorityId: 'ldevid-g1', subjectPublicKeyInfo };
const jwe = await encryptPrivateKey(pkcs8, identity, keyEncryptionKey);

/** A key file made by somebody who has the key-encryption key. */
async function forged(header: Record<string, unknown>, plaintext: Uint8Array = pkcs8): Promise<string> {
  const own = Buffer.from(subjectPublicKeyInfo).toString('base64url');
  return new CompactEncrypt(plaintext)
    .setProtectedHeader({
      alg: 'dir',
      enc: 'A256GCM',
      cty: 'application/pkcs8',
      authorityId: 'ldevid-g1',
      subjectPublicKeyInfo: own,
      ...header,
    })
    .encrypt(keyEncryptionKey);
}

describe('encryptPrivateKey', () => {
  it('node:crypto decrypts it, with the protected header as additional data', () => {
    const [header = '', encryptedKey, iv = '', ciphertext = '', tag = ''] = jwe.split('.');
    expect(encryptedKey).toBe('');
    const decipher = createDecipheriv('aes-256-gcm', keyEncryptionKey, Buffer.from(iv, 'base64url'));
    decipher.setAAD(Buffer.from(header)).setAuthTag(Buffer.from(tag, 'base64url'));
    const clear = Buffer.concat([decipher.update(Buffer.from(ciphertext, 'base64url')), decipher.final()]);
    expect(clear).toEqual(Buffer.from(pkcs8));
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({
      alg: 'dir',
      enc: 'A256GCM',
      cty: 'application/pkcs8',
      authorityId: 'ldevid-g1',
      subjectPublicKeyInfo: Buffer.from(subjectPublicKeyInfo).toString('base64url'),
    });
  });

  it('the same key twice: other octets', async () => {
    expect(await encryptPrivateKey(pkcs8, identity, keyEncryptionKey)).not.toBe(jwe);
  });

  it.each([
    {
      name: 'a public key of another pair',
      key: pkcs8,
      spki: generateKeyPair('P-256').subjectPublicKeyInfo,
      code: 'KEY_MISMATCH',
    },
    { name: 'what is no private key', key: subjectPublicKeyInfo, spki: subjectPublicKeyInfo, code: 'KEY_MALFORMED' },
  ])('$name: $code', async ({ key, spki, code }) => {
    const claimed = { ...identity, subjectPublicKeyInfo: spki };
    await expect(encryptPrivateKey(key, claimed, keyEncryptionKey)).rejects.toMatchObject({ code });
  });

  it('a key-encryption key of 16 octets: TypeError', async () => {
    await expect(encryptPrivateKey(pkcs8, identity, new Uint8Array(16))).rejects.toThrow(TypeError);
    await expect(decryptPrivateKey(jwe, identity, new Uint8Array(16))).rejects.toThrow(TypeError);
  });
});

describe('decryptPrivateKey', () => {
  it('the expected key: its PKCS #8', async () => {
    expect(Buffer.from(await decryptPrivateKey(`${jwe}\n`, identity, keyEncryptionKey))).toEqual(Buffer.from(pkcs8));
  });

  it('wrong key-encryption key: KEY_NOT_AUTHENTIC', async () => {
    await expect(decryptPrivateKey(jwe, identity, new Uint8Array(32).fill(8))).rejects.toMatchObject({
      code: 'KEY_NOT_AUTHENTIC',
    });
  });

  it.each([2, 3, 4])('a bit flipped in part %i (nonce, ciphertext, tag): KEY_NOT_AUTHENTIC', async (at) => {
    const parts = jwe.split('.');
    const octets = Buffer.from(parts[at]!, 'base64url');
    octets[0]! ^= 1;
    parts[at] = octets.toString('base64url');
    await expect(decryptPrivateKey(parts.join('.'), identity, keyEncryptionKey)).rejects.toMatchObject({
      code: 'KEY_NOT_AUTHENTIC',
    });
  });

  it('header rewritten for another authority: KEY_NOT_AUTHENTIC', async () => {
    const [header = '', ...rest] = jwe.split('.');
    const renamed = Buffer.from(header, 'base64url').toString().replace('ldevid-g1', 'idevid-g1');
    const moved = [Buffer.from(renamed).toString('base64url'), ...rest].join('.');
    await expect(
      decryptPrivateKey(moved, { ...identity, authorityId: 'idevid-g1' }, keyEncryptionKey),
    ).rejects.toMatchObject({ code: 'KEY_NOT_AUTHENTIC' });
  });

  it('key file of another authority in its place: KEY_OF_ANOTHER_AUTHORITY', async () => {
    await expect(
      decryptPrivateKey(jwe, { ...identity, authorityId: 'idevid-g1' }, keyEncryptionKey),
    ).rejects.toMatchObject({ code: 'KEY_OF_ANOTHER_AUTHORITY' });
  });

  it('another public key expected: KEY_MISMATCH', async () => {
    const other = { ...identity, subjectPublicKeyInfo: generateKeyPair('P-256').subjectPublicKeyInfo };
    await expect(decryptPrivateKey(jwe, other, keyEncryptionKey)).rejects.toMatchObject({ code: 'KEY_MISMATCH' });
  });

  it('header names the expected public key, inside is another key: KEY_MISMATCH', async () => {
    const lie = await forged({}, generateKeyPair('P-256').pkcs8);
    await expect(decryptPrivateKey(lie, identity, keyEncryptionKey)).rejects.toMatchObject({ code: 'KEY_MISMATCH' });
  });

  it('another content type, or no private key inside: KEY_MALFORMED', async () => {
    const code = { code: 'KEY_MALFORMED' };
    const typed = await forged({ cty: 'application/json' });
    const text = await forged({}, Buffer.from('{}'));
    await expect(decryptPrivateKey(typed, identity, keyEncryptionKey)).rejects.toMatchObject(code);
    await expect(decryptPrivateKey(text, identity, keyEncryptionKey)).rejects.toMatchObject(code);
  });

  it.each(['', 'a.b.c', '{}', '....', 'x'.repeat(5000)])('text %j: KEY_MALFORMED', async (text) => {
    await expect(decryptPrivateKey(text, identity, keyEncryptionKey)).rejects.toMatchObject({ code: 'KEY_MALFORMED' });
  });

  it('another algorithm in the header, honestly encrypted: KEY_MALFORMED', async () => {
    const header = Buffer.from('{"alg":"dir","enc":"A128GCM"}').toString('base64url');
    const cipher = createCipheriv('aes-128-gcm', keyEncryptionKey.subarray(0, 16), new Uint8Array(12));
    cipher.setAAD(Buffer.from(header));
    const ciphertext = Buffer.concat([cipher.update(pkcs8), cipher.final()]);
    const parts = [Buffer.alloc(12), ciphertext, cipher.getAuthTag()].map((part) => part.toString('base64url'));
    await expect(decryptPrivateKey([header, '', ...parts].join('.'), identity, keyEncryptionKey)).rejects.toMatchObject(
      { code: 'KEY_MALFORMED' },
    );
  });
});
