import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readDatabaseUrl } from '@touchmark/credentials';
import { UsageError } from '@touchmark/server';
import { canLogIn, createRole } from '@touchmark/store';
import { createTestDatabase, type TestDatabase } from '@touchmark/testkit';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { init } from '../../apps/ca/src/commands/init.js';
import { ownerSchema } from '../../apps/ca/src/config.js';

const roles = ['ca', 'enrollment', 'responder'] as const;
const now = (): number => Math.floor(Date.now() / 1000);
let database: TestDatabase;
let folder: string;
let secrets: string;

const run = (secretsFolder: string): Promise<void> =>
  init({
    config: ownerSchema.parse({ secretsFolder, databaseUrl: database.url, databaseRolePrefix: database.rolePrefix }),
    clock: { now, nowMs: Date.now },
    randomBytes,
    logger: pino({ level: 'silent' }),
    print: () => undefined,
  });
const urlOf = (role: string): Promise<string> => readDatabaseUrl(path.join(secrets, role));
const urls = (): Promise<string[]> => Promise.all(roles.map(urlOf));

beforeAll(async () => {
  database = await createTestDatabase(inject('databaseUrl'));
  folder = await mkdtemp(path.join(tmpdir(), 'touchmark-init-'));
  secrets = path.join(folder, 'secrets');
  await run(secrets);
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await database?.drop();
});

describe('init, run again', () => {
  it('keeps what is there', async () => {
    const before = await urls();
    const certificate = await readFile(path.join(secrets, 'ca', 'service.pem'));
    await run(secrets);
    expect(await urls()).toEqual(before);
    expect(await readFile(path.join(secrets, 'ca', 'service.pem'))).toEqual(certificate);
  });

  it('with a folder that is another’s changes no password and makes nothing', async () => {
    const mistyped = path.join(folder, 'mistyped');
    await expect(run(mistyped)).rejects.toThrow(UsageError);
    expect(await Promise.all((await urls()).map(canLogIn))).toEqual([true, true, true]);
    await expect(stat(mistyped)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('gives a role that was locked out a new password, and leaves the others alone', async () => {
    const [ca, enrollment, responder] = await urls();
    await createRole(database.url, 'enrollment', { prefix: database.rolePrefix, randomBytes });
    expect(await canLogIn(String(enrollment))).toBe(false);
    await run(secrets);
    expect(await urls()).toEqual([ca, expect.not.stringContaining(String(enrollment)), responder]);
    expect(await canLogIn(await urlOf('enrollment'))).toBe(true);
  });
});
