import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  bigintArray,
  booleanArray,
  byteaArray,
  integerArray,
  textArray,
  uuidArray,
} from '../libs/store/src/array-parameters.js';

let client: Client;
beforeAll(async () => {
  client = new Client({ connectionString: inject('databaseUrl') });
  await client.connect();
});
afterAll(() => client.end());

const ID = '018f0000-0000-7000-8000-00000000000a';

describe('an array parameter, read by PostgreSQL', () => {
  it.each([
    ['integer', integerArray([1, null, -5, 2_147_483_647]), [1, null, -5, 2_147_483_647]],
    ['bigint', bigintArray([0, 253_402_300_799, -1, null]), ['0', '253402300799', '-1', null]],
    ['text', textArray(['', 'a"b\\c{},', 'größe', null, 'NULL']), ['', 'a"b\\c{},', 'größe', null, 'NULL']],
    [
      'bytea',
      byteaArray([Buffer.from('5c00', 'hex'), null, Buffer.alloc(0)]),
      [Buffer.from('5c00', 'hex'), null, Buffer.alloc(0)],
    ],
    ['uuid', uuidArray([ID, null, ID.toUpperCase()]), [ID, null, ID]],
    ['boolean', booleanArray([true, false, null]), [true, false, null]],
    ['uuid', uuidArray([]), []],
  ])('of %s comes back as it was', async (type, parameter, expected) => {
    const { rows } = await client.query(`SELECT $1::${type}[] AS value`, [parameter]);
    expect(rows[0].value).toEqual(expected);
  });
});
