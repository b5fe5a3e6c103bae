import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verify, createPublicKey } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  openSoftwareSigner,
  readEncryptedKey,
  readKeyEncryptionKey,
  writeEncryptedKey,
  writeKeyEncryptionKey,
} from './encrypted-key-file.js';
import { generateKeyPair } from './key-pair.js';
import { readSecretFile, writeSecretFile } from './secret-file.js';

const keyEncryptionKey = new Uint8Array(32).fill(7);
const { pkcs8, subjectPublicKeyInfo } = generateKeyPair('P-256');
const identity = { authorityId: 'root-g1', subjectPublicKeyInfo };

let folder = '';
const modeOf = (path: string): number => statSync(path).mode & 0o777;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keys-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('key files', () => {
  it('written and opened: signs with the same key; folder 0700, file 0600, no draft left', async () => {
    const path = join(folder, 'secrets', 'ca', 'root-g1.jwe');
    await writeEncryptedKey(path, pkcs8, identity, keyEncryptionKey);
    expect(modeOf(join(folder, 'secrets', 'ca'))).toBe(0o700);
    expect(modeOf(path)).toBe(0o600);
    expect(readdirSync(join(folder, 'secrets', 'ca'))).toEqual(['root-g1.jwe']);
    expect(readFileSync(path).includes(Buffer.from(pkcs8))).toBe(false);

    const signer = await openSoftwareSigner(path, identity, keyEncryptionKey, 'inline');
    const data = Buffer.from('tbs');
    const key = createPublicKey({ key: Buffer.from(subjectPublicKeyInfo), format: 'der', type: 'spki' });
    expect(verify('sha256', data, key, await signer.sign(data))).toBe(true);
  });

  it('two authorities, files swapped: KEY_OF_ANOTHER_AUTHORITY', async () => {
    const path = join(folder, 'idevid-g1.jwe');
    await writeEncryptedKey(path, pkcs8, { ...identity, authorityId: 'ldevid-g1' }, keyEncryptionKey);
    await expect(
      readEncryptedKey(path, { ...identity, authorityId: 'idevid-g1' }, keyEncryptionKey),
    ).rejects.toMatchObject({ code: 'KEY_OF_ANOTHER_AUTHORITY' });
  });

  it('a key file already there: SECRET_FILE_EXISTS, and it is kept', async () => {
    const path = join(folder, 'root-g1.jwe');
    await writeEncryptedKey(path, pkcs8, identity, keyEncryptionKey);
    const before = readFileSync(path);
    await expect(writeEncryptedKey(path, pkcs8, identity, keyEncryptionKey)).rejects.toMatchObject({
      code: 'SECRET_FILE_EXISTS',
    });
    expect(readFileSync(path)).toEqual(before);
    expect(readdirSync(folder)).toEqual(['root-g1.jwe']);
  });

  it('key-encryption key: written 0600, read back, never written over', async () => {
    const path = join(folder, 'kek');
    await writeKeyEncryptionKey(path, keyEncryptionKey);
    expect(modeOf(path)).toBe(0o600);
    expect(Buffer.from(await readKeyEncryptionKey(path))).toEqual(Buffer.from(keyEncryptionKey));
    await expect(writeKeyEncryptionKey(path, keyEncryptionKey)).rejects.toMatchObject({ code: 'SECRET_FILE_EXISTS' });
  });

  it('key-encryption key of 33 octets (an editor added a line end): KEY_ENCRYPTION_KEY_MALFORMED', async () => {
    const path = join(folder, 'kek');
    await writeSecretFile(path, new Uint8Array(33));
    await expect(readKeyEncryptionKey(path)).rejects.toMatchObject({ code: 'KEY_ENCRYPTION_KEY_MALFORMED' });
    await expect(writeKeyEncryptionKey(join(folder, 'kek2'), new Uint8Array(33))).rejects.toThrow(TypeError);
  });
});

describe('secret files', () => {
  it.each([0o640, 0o604, 0o620, 0o602, 0o610])('mode %o: SECRET_FILE_EXPOSED', async (mode) => {
    const path = join(folder, 'secret');
    writeFileSync(path, 'x');
    chmodSync(path, mode);
    await expect(readSecretFile(path)).rejects.toMatchObject({
      code: 'SECRET_FILE_EXPOSED',
      context: { path, mode: `0${mode.toString(8)}` },
    });
  });

  it.each([0o600, 0o400])('mode %o: read', async (mode) => {
    const path = join(folder, 'secret');
    writeFileSync(path, 'x');
    chmodSync(path, mode);
    expect(Buffer.from(await readSecretFile(path)).toString()).toBe('x');
  });

  it('missing, a folder, a link, too large: each its code', async () => {
    const path = join(folder, 'secret');
    await expect(readSecretFile(path)).rejects.toMatchObject({ code: 'SECRET_FILE_MISSING' });
    await expect(readSecretFile(folder)).rejects.toMatchObject({ code: 'SECRET_FILE_NOT_REGULAR' });
    await writeSecretFile(path, new Uint8Array(64 * 1024 + 1));
    await expect(readSecretFile(path)).rejects.toMatchObject({ code: 'SECRET_FILE_TOO_LARGE' });
    symlinkSync(path, join(folder, 'link'));
    await expect(readSecretFile(join(folder, 'link'))).rejects.toMatchObject({ code: 'SECRET_FILE_NOT_REGULAR' });
  });

  it('folder that others may enter: SECRET_FOLDER_EXPOSED, nothing written', async () => {
    const open = join(folder, 'open');
    mkdirSync(open);
    chmodSync(open, 0o755);
    await expect(writeSecretFile(join(open, 'secret'), Buffer.of(1))).rejects.toMatchObject({
      code: 'SECRET_FOLDER_EXPOSED',
    });
    expect(readdirSync(open)).toEqual([]);
  });

  it('draft left by a crash: written all the same', async () => {
    const path = join(folder, 'secret');
    writeFileSync(`${path}.draft`, 'half');
    await writeSecretFile(path, Buffer.from('whole'));
    expect(readFileSync(path, 'utf8')).toBe('whole');
    expect(readdirSync(folder)).toEqual(['secret']);
  });

  it('replace asked for: the new octets', async () => {
    const path = join(folder, 'secret');
    await writeSecretFile(path, Buffer.from('old'));
    await writeSecretFile(path, Buffer.from('new'), { replace: true });
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(modeOf(path)).toBe(0o600);
  });
});
