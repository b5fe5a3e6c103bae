import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { Client } from 'pg';
import { expect, it } from 'vitest';
import { runSupervisor } from './embedded-postgres/run-supervisor.js';
import { removeLeftOvers, TEST_FOLDER_PREFIX } from './left-overs.js';

it('ends the server of a killed test run and removes its folder, and leaves alone what a living run owns', async () => {
  const parent = await mkdtemp('/tmp/touchmark-');
  await chmod(parent, 0o711);
  const killed = `${TEST_FOLDER_PREFIX}${spawnSync('true').pid}-a`;
  const living = `${TEST_FOLDER_PREFIX}${process.pid}-a`;
  for (const name of [killed, living, 'something-else']) await mkdir(path.join(parent, name), { mode: 0o711 });
  const supervisor = await runSupervisor([path.join(parent, killed, 'postgres')]);
  await supervisor.kill();
  await removeLeftOvers(parent);
  expect((await readdir(parent)).toSorted()).toEqual(['something-else', living]);
  await expect(new Client({ connectionString: supervisor.url }).connect()).rejects.toMatchObject({
    code: 'ECONNREFUSED',
  });
  await rm(parent, { recursive: true });
});
