import { createPublicKey, randomBytes } from 'node:crypto';
import { chmod, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createSecureContext } from 'node:tls';
import { generateKeyPair, KeyFolder, writeSecretFile } from '@touchmark/keys';
import { encodePem } from '@touchmark/x509';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CredentialFolder, type CredentialStorage } from './credential-folder.js';
import { type Credential, tlsCredentials } from './credential.js';
import { infrastructure, newCredential, newFolder } from '../test/credentials.js';

let at: string;
let folder: CredentialFolder;
beforeEach(async () => {
  ({ path: at, folder } = await newFolder());
});
afterEach(() => rm(path.dirname(at), { recursive: true }));

const spkiOf = ({ privateKey }: Credential): Buffer =>
  createPublicKey(privateKey).export({ format: 'der', type: 'spki' });

describe('CredentialFolder', () => {
  it('reads what it wrote, in a folder that only its owner may enter', async () => {
    const { pkcs8, chain } = newCredential();
    await folder.write('service', { pkcs8, chain });
    const again = await CredentialFolder.open(at, randomBytes);
    const credential = await again.read('service');
    expect(credential.chain.map((der) => Buffer.from(der))).toEqual(chain.map((der) => Buffer.from(der)));
    expect(spkiOf(credential)).toEqual(Buffer.from(credential.certificate.subjectPublicKeyInfo));
    expect((await stat(at)).mode & 0o777).toBe(0o700);
    for (const name of await readdir(at)) {
      expect((await stat(path.join(at, name))).mode & 0o777).toBe(0o600);
      expect(await readFile(path.join(at, name), 'latin1')).not.toMatch(/PRIVATE/);
    }
  });

  it('says whether a credential is there', async () => {
    expect(await folder.has('service')).toBe(false);
    await folder.write('service', newCredential());
    expect(await folder.has('service')).toBe(true);
  });

  it('a second pair replaces the first, and the first key is gone', async () => {
    await folder.write('service', newCredential());
    const second = newCredential();
    await folder.write('service', second);
    expect(Buffer.from((await folder.read('service')).chain[0] ?? [])).toEqual(Buffer.from(second.chain[0] ?? []));
    expect((await readdir(at)).filter((name) => name.endsWith('.jwe'))).toHaveLength(1);
  });

  it('names that begin alike keep their own keys', async () => {
    await folder.write('tls', newCredential());
    await folder.write('tls-device', newCredential());
    await folder.write('tls', newCredential());
    await expect(folder.read('tls-device')).resolves.toMatchObject({ name: 'tls-device' });
  });

  it('node:tls takes it', async () => {
    await folder.write('service', newCredential());
    const tls = tlsCredentials(await folder.read('service'), [infrastructure.der]);
    expect(() => createSecureContext(tls)).not.toThrow();
    expect(tls.cert.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  });

  it('keeps anchors', async () => {
    await folder.writeAnchors('infrastructure', [infrastructure.der]);
    const [anchor] = await folder.readAnchors('infrastructure');
    expect(Buffer.from(anchor ?? [])).toEqual(Buffer.from(infrastructure.der));
    await expect(folder.readAnchors('root')).rejects.toMatchObject({ code: 'CREDENTIAL_MISSING' });
  });

  it('no certificate: CREDENTIAL_MISSING', async () => {
    await expect(folder.read('service')).rejects.toMatchObject({ code: 'CREDENTIAL_MISSING' });
  });

  it('a key of another pair, or no chain: CREDENTIAL_MALFORMED, and nothing is replaced', async () => {
    const good = newCredential();
    await folder.write('service', good);
    const code = { code: 'CREDENTIAL_MALFORMED' };
    const { pkcs8 } = generateKeyPair('P-256');
    await expect(folder.write('service', { ...newCredential(), pkcs8 })).rejects.toMatchObject(code);
    await expect(folder.write('service', { pkcs8, chain: [] })).rejects.toMatchObject(code);
    expect(Buffer.from((await folder.read('service')).chain[0] ?? [])).toEqual(Buffer.from(good.chain[0] ?? []));
  });

  it.each(['', 'no pem', encodePem('PRIVATE KEY', Uint8Array.of(1)), encodePem('CERTIFICATE', Uint8Array.of(1))])(
    'a file that says %j: CREDENTIAL_MALFORMED',
    async (text) => {
      await writeFile(path.join(at, 'service.pem'), text, { mode: 0o600 });
      await expect(folder.read('service')).rejects.toMatchObject({ code: 'CREDENTIAL_MALFORMED' });
    },
  );

  it('a file that others may read: SECRET_FILE_EXPOSED', async () => {
    await folder.write('service', newCredential());
    await chmod(path.join(at, 'service.pem'), 0o644);
    await expect(folder.read('service')).rejects.toMatchObject({ code: 'SECRET_FILE_EXPOSED' });
  });

  it('a certificate without its key: SECRET_FILE_MISSING; a key of another name in its place: refused', async () => {
    await folder.write('service', newCredential());
    await folder.write('other', newCredential());
    const keyFile = (await readdir(at)).find((name) => name.startsWith('service-')) ?? '';
    const otherKey = (await readdir(at)).find((name) => name.startsWith('other-')) ?? '';
    await writeFile(path.join(at, keyFile), await readFile(path.join(at, otherKey)));
    await expect(folder.read('service')).rejects.toMatchObject({ code: 'KEY_OF_ANOTHER_AUTHORITY' });
    await rm(path.join(at, keyFile));
    await expect(folder.read('service')).rejects.toMatchObject({ code: 'SECRET_FILE_MISSING' });
  });

  it.each(['../x', 'A', '', 'infrastructure', 'root', 'a/b'])('the name %j: TypeError', async (name) => {
    await expect(folder.read(name)).rejects.toThrow(TypeError);
  });
});

describe('a crash while a pair is replaced', () => {
  // save the key, exchange the certificate, remove the old key; each fails before it has done anything, and after
  const steps = [0, 1, 2].flatMap((step) => (['before', 'after'] as const).map((when) => ({ step, when })));

  it.each(steps)('$when write $step: a whole pair is there, and the next replacement works', async ({ step, when }) => {
    const [first, second, third] = [newCredential(), newCredential(), newCredential()];
    await folder.write('service', first);
    const dying = new CredentialFolder(at, await crashing(at, step, when));
    await expect(dying.write('service', second)).rejects.toThrow('crash');

    const reopened = await CredentialFolder.open(at, randomBytes);
    const found = await reopened.read('service');
    const expected = step === 0 || (step === 1 && when === 'before') ? first : second;
    expect(Buffer.from(found.chain[0] ?? [])).toEqual(Buffer.from(expected.chain[0] ?? []));
    expect(spkiOf(found)).toEqual(Buffer.from(found.certificate.subjectPublicKeyInfo));

    await reopened.write('service', third);
    expect((await readdir(at)).filter((name) => name.endsWith('.jwe'))).toHaveLength(1);
    await expect(reopened.read('service')).resolves.toMatchObject({ name: 'service' });
  });

  it('the same pair again after a crash is written to its end', async () => {
    const second = newCredential();
    await folder.write('service', newCredential());
    const pkcs8 = second.pkcs8.slice();
    await expect(new CredentialFolder(at, await crashing(at, 1, 'before')).write('service', second)).rejects.toThrow();
    await folder.write('service', { pkcs8, chain: second.chain });
    expect(Buffer.from((await folder.read('service')).chain[0] ?? [])).toEqual(Buffer.from(second.chain[0] ?? []));
  });
});

/** The folder's storage, whose nth write fails before or after it is done. */
async function crashing(folderPath: string, step: number, when: 'before' | 'after'): Promise<CredentialStorage> {
  const keys = await KeyFolder.open(folderPath, randomBytes);
  let done = 0;
  const or =
    <A extends unknown[]>(act: (...args: A) => Promise<void>) =>
    async (...args: A): Promise<void> => {
      const dies = done++ === step;
      if (dies && when === 'before') throw new Error('crash');
      await act(...args);
      if (dies) throw new Error('crash');
    };
  return {
    keys: {
      ids: () => keys.ids(),
      read: (id, spki) => keys.read(id, spki),
      save: or((id, pkcs8, spki) => keys.save(id, pkcs8, spki)),
      remove: or((id) => keys.remove(id)),
    },
    writeFile: or(writeSecretFile),
  };
}
