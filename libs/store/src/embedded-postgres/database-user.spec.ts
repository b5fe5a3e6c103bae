import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canEnter, databaseUser, parsePasswd } from './database-user.js';

describe('parsePasswd', () => {
  it('reads names and ids and leaves out lines that are not entries', () => {
    const text =
      'root:x:0:0:root:/root:/bin/bash\n# comment\n+::::::\nnobody:x:65534:65533:nobody:/:/usr/sbin/nologin\n\n';
    expect(parsePasswd(text)).toEqual([
      { name: 'root', uid: 0, gid: 0 },
      { name: 'nobody', uid: 65534, gid: 65533 },
    ]);
  });
});

describe('canEnter', () => {
  const self = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
  const stranger = { uid: self.uid + 4711, gid: self.gid + 4711 };
  const colleague = { uid: self.uid + 4711, gid: self.gid };
  let parent: string;
  let folder: string;

  beforeEach(async () => {
    parent = await mkdtemp(path.join(tmpdir(), 'touchmark-'));
    folder = path.join(parent, 'inner');
    await mkdir(folder, { mode: 0o777 });
  });

  afterEach(() => rm(parent, { recursive: true }));

  it.each([
    ['the owner of a 0700 folder', 0o700, self, true],
    ['a stranger before a 0700 folder', 0o700, stranger, false],
    ['a stranger before a folder that can be entered but not listed', 0o711, stranger, true],
    ['a stranger before a folder that can be listed but not entered', 0o744, stranger, false],
    ['a member of the group before a 0710 folder', 0o710, colleague, true],
    ['a member of a group that may less than strangers', 0o701, colleague, false],
    ['ourselves, whatever the bits', 0o000, undefined, true],
  ])('judges %s', async (_, mode, user, expected) => {
    await chmod(parent, mode);
    const entered = await canEnter(folder, user);
    await chmod(parent, 0o700);
    expect(entered).toBe(expected);
  });
});

describe('databaseUser', () => {
  const folder = path.join(tmpdir(), 'no-such-database');

  it.runIf(process.geteuid?.() === 0)('is nobody for root when there is no database yet', async () => {
    expect(await databaseUser(folder)).toMatchObject({ name: 'nobody' });
  });

  it.skipIf(process.geteuid?.() === 0)('is ourselves for anyone else', async () => {
    expect(await databaseUser(folder)).toBeUndefined();
  });
});
