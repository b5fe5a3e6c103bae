import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acquireInstanceLock, InstanceLockError } from './instance-lock.js';

describe('acquireInstanceLock', () => {
  let folder: string;
  let file: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'touchmark-'));
    file = path.join(folder, 'instance.lock');
  });

  afterEach(() => rm(folder, { recursive: true }));

  it('refuses a second holder and names the first', async () => {
    await acquireInstanceLock(folder);
    await expect(acquireInstanceLock(folder)).rejects.toMatchObject({ code: 'ALREADY_RUNNING', pid: process.pid });
  });

  it('can be taken again after its release, which leaves nothing behind', async () => {
    const lock = await acquireInstanceLock(folder);
    await lock.release();
    await lock.release();
    expect(await readdir(folder)).toEqual([]);
    await acquireInstanceLock(folder);
  });

  it('is refused while another process holds it and taken over when that process was killed', async () => {
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await once(other, 'spawn');
    const stat = await readFile(`/proc/${other.pid}/stat`, 'utf8');
    const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    await writeFile(file, `${other.pid} ${startTime}\n`);
    await expect(acquireInstanceLock(folder)).rejects.toMatchObject({ code: 'ALREADY_RUNNING', pid: other.pid });
    other.kill('SIGKILL');
    await once(other, 'exit');
    await acquireInstanceLock(folder);
    expect(await holderIn(file)).toBe(process.pid);
  });

  it('is taken over from a process whose id was given to another one since', async () => {
    await writeFile(file, `${process.pid} 1\n`);
    await acquireInstanceLock(folder);
    expect(await readFile(file, 'utf8')).not.toBe(`${process.pid} 1\n`);
  });

  it.each(['', 'no lock', '0 1', '-1 1', '1', '{"pid":1}'])('is taken over when the file holds %j', async (text) => {
    await writeFile(file, text);
    await acquireInstanceLock(folder);
    expect(await holderIn(file)).toBe(process.pid);
  });

  it('goes to exactly one of many that find the same stale lock, also after a claimant was killed', async () => {
    await writeFile(file, `${process.pid} 1\n`);
    await writeFile(`${file}.claim`, `${process.pid} 2\n`);
    const script = `
      import { acquireInstanceLock } from ${JSON.stringify(path.join(import.meta.dirname, 'instance-lock.ts'))};
      process.stdin.once('data', () => acquireInstanceLock(${JSON.stringify(folder)}).then(
        () => console.log('held'), (error) => console.log(error.code)));
      console.log('ready');
    `;
    const children = Array.from({ length: 6 }, () => spawn(process.execPath, ['--input-type=module', '-e', script]));
    const said = async (child: (typeof children)[number]): Promise<string> =>
      String((await once(child.stdout, 'data'))[0]).trim();
    try {
      expect(new Set(await Promise.all(children.map(said)))).toEqual(new Set(['ready']));
      const answers = Promise.all(children.map(said));
      for (const child of children) child.stdin.write('go\n');
      expect((await answers).toSorted()).toEqual([...Array<string>(5).fill('ALREADY_RUNNING'), 'held']);
    } finally {
      for (const child of children) child.kill('SIGKILL');
    }
  });

  it('says in its error which folder is meant', () => {
    expect(new InstanceLockError('/data', 7).message).toContain('/data');
  });
});

async function holderIn(file: string): Promise<number> {
  return Number.parseInt(await readFile(file, 'utf8'), 10);
}
