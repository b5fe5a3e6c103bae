import { randomBytes } from 'node:crypto';
import { insertCertificates, readCertificates, type Transaction } from '@touchmark/store';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { TestCaService } from '../fixture/test-ca.js';

let service: TestCaService;

beforeAll(async () => {
  service = await TestCaService.open(inject('databaseUrl'));
});

afterAll(() => service.close());

/** Stores a certificate, after the transaction has looked at the table once and `between` was done by another one. */
const store = (listId: () => number, between: () => Promise<unknown>): Promise<void> =>
  service.db.transaction(async (tx: Transaction) => {
    await readCertificates(tx, [{ listId: 1, index: 0 }]);
    await between();
    const der = Uint8Array.of(1);
    const place = { listId: listId(), index: 0, random: randomBytes(8), deviceRef: null, credentialId: null };
    await insertCertificates(tx, [{ ...place, der }]);
  });

describe('a list that is opened while a transaction runs', () => {
  it('takes certificates of that transaction, or makes a conflict of it that goes away when it is tried again', async () => {
    const ldevid = service.authorities.describe().find(({ kind }) => kind === 'ldevid');
    if (!ldevid) throw new TypeError('a hierarchy has an LDevID CA');
    let listId = 0;
    const open = async (): Promise<void> => {
      const { list } = await service.ca.statusLists.lease(ldevid.id, '2031-07');
      listId = list.id;
    };
    const first = await store(() => listId, open).then(
      () => 'stored',
      (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
    );
    expect(['stored', 'STORE_CONFLICT']).toContain(first);
    if (first !== 'stored')
      await store(
        () => listId,
        () => Promise.resolve(),
      );
    expect(await readCertificates(service.db, [{ listId, index: 0 }])).toHaveLength(1);
  });
});
