import { chmod, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DatabaseReach, openDataFolder } from './data-folder.js';

const nobody = { name: 'nobody', uid: 65534, gid: 65534 };

describe('openDataFolder', () => {
  let parent: string;
  let cloneRoot: string;
  let substitute: string;

  beforeEach(async () => {
    parent = await mkdtemp(path.join(tmpdir(), 'touchmark-'));
    cloneRoot = path.join(parent, 'clone');
    substitute = path.join(parent, 'substitute');
    await mkdir(cloneRoot);
  });

  afterEach(() => rm(parent, { recursive: true }));

  function reach(user: typeof nobody | undefined, entered: boolean): DatabaseReach {
    return {
      databaseUser: async () => user,
      canEnter: async () => entered,
      makeSubstituteFolder: async () => {
        await mkdir(substitute);
        return substitute;
      },
    };
  }

  it('lies in the clone, closed to all others, for a normal user', async () => {
    const folder = await openDataFolder({ cloneRoot }, reach(undefined, true));
    expect(folder.root).toBe(path.join(cloneRoot, '.touchmark'));
    expect(folder.sentence).toContain(folder.root);
    expect(await modeOf(folder.root)).toBe(0o700);
    expect(await modeOf(folder.secrets)).toBe(0o700);
  });

  it('lies in the clone and lets the database pass through, for root', async () => {
    const folder = await openDataFolder({ cloneRoot }, reach(nobody, true));
    expect(folder.root).toBe(path.join(cloneRoot, '.touchmark'));
    expect(await modeOf(folder.root)).toBe(0o711);
    expect(await modeOf(folder.secrets)).toBe(0o700);
  });

  it('lies elsewhere, and says so and why, when the database cannot enter the clone', async () => {
    const folder = await openDataFolder({ cloneRoot }, reach(nobody, false));
    expect(folder.root).toBe(substitute);
    expect(folder.postgres).toBe(path.join(substitute, 'postgres'));
    for (const part of [substitute, cloneRoot, 'nobody']) expect(folder.sentence).toContain(part);
    expect(folder.sentence).not.toContain('.touchmark');
    await expect(stat(path.join(cloneRoot, '.touchmark'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('says that older data in the clone is not used when it lies elsewhere now', async () => {
    await mkdir(path.join(cloneRoot, '.touchmark'));
    const folder = await openDataFolder({ cloneRoot }, reach(nobody, false));
    expect(folder.sentence).toContain(path.join(cloneRoot, '.touchmark'));
  });

  it('lies where the operator says, whatever the clone is like, and keeps the modes that it finds', async () => {
    const configured = path.join(parent, 'chosen');
    await mkdir(configured);
    await chmod(configured, 0o750);
    const folder = await openDataFolder({ cloneRoot, configured }, reach(nobody, false));
    expect(folder.root).toBe(configured);
    expect(await modeOf(configured)).toBe(0o750);
  });
});

async function modeOf(file: string): Promise<number> {
  return (await stat(file)).mode & 0o777;
}
