import { randomBytes } from 'node:crypto';
import { createRoles, Database, migrate } from '@touchmark/store';
import { createTestDatabase, type TestDatabase } from '@touchmark/testkit';
import { UsageError } from '@touchmark/server';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { keepTerms, termsInForce } from '../../apps/ca/src/hierarchy-terms.js';

const real = { realm: 'devices.example.com', publicHttpUrl: 'http://pki.example.com', evaluation: false };
const trial = { realm: 'devices.local', publicHttpUrl: 'http://localhost:8080', evaluation: true };

let database: TestDatabase;
let owner: Database;
let db: Database;

beforeAll(async () => {
  database = await createTestDatabase(inject('databaseUrl'));
  await migrate(database.url);
  const { ca: url } = await createRoles(database.url, { prefix: database.rolePrefix, randomBytes });
  owner = await Database.open({ url: database.url, poolSize: 1, applicationName: 'test owner' });
  db = await Database.open({ url, poolSize: 2, applicationName: 'test' });
});
afterAll(async () => {
  await db?.close();
  await owner?.close();
  await database?.drop();
});
beforeEach(() => owner.query('DELETE FROM ca.hierarchy'));

describe('the terms of a hierarchy', () => {
  it('are as they were made for who says nothing', async () => {
    await keepTerms(db, real);
    expect(await termsInForce(db, {})).toEqual(real);
    expect(await termsInForce(db, real)).toEqual(real);
  });

  it.each([
    { realm: 'devices.local' },
    { publicHttpUrl: 'http://localhost:8080' },
    { publicHttpUrl: 'http://other.example.com' },
    { evaluation: true },
    trial,
  ])('made for real use, refuse %j', async (given) => {
    await keepTerms(db, real);
    await expect(termsInForce(db, given)).rejects.toThrow(UsageError);
    await expect(keepTerms(db, { ...real, ...given })).rejects.toThrow(UsageError);
    expect(await termsInForce(db, {})).toEqual(real);
  });

  it('made for a trial, follow the service to another port of this machine, and nowhere else', async () => {
    await keepTerms(db, trial);
    const moved = { publicHttpUrl: 'http://localhost:9090' };
    expect(await termsInForce(db, moved)).toEqual({ ...trial, ...moved });
    await expect(termsInForce(db, { publicHttpUrl: real.publicHttpUrl })).rejects.toThrow(UsageError);
    await expect(termsInForce(db, { evaluation: false })).rejects.toThrow(UsageError);
    await expect(termsInForce(db, { realm: 'other.local' })).rejects.toThrow(UsageError);
  });

  it('cannot be changed by the CA’s role', async () => {
    await keepTerms(db, real);
    await expect(db.query("UPDATE ca.hierarchy SET realm = 'other'")).rejects.toMatchObject({ code: 'STORE_FAILED' });
  });

  it('of no hierarchy: UsageError', async () => {
    await expect(termsInForce(db, {})).rejects.toThrow('init');
  });
});
