import { describe, expect, it } from 'vitest';
import { readPage } from './page.js';

const rows = ['a', 'b', 'c', 'd'];
const read = async (limit: number) => rows.slice(0, limit);

describe('readPage', () => {
  it('names the last row shown where there are more', async () => {
    expect(await readPage(3, read, (row) => row)).toEqual({ items: ['a', 'b', 'c'], next: 'c' });
  });

  it('has no cursor where the rows end with the page', async () => {
    expect(await readPage(4, read, (row) => row)).toEqual({ items: rows });
  });

  it('has no cursor where there is nothing', async () => {
    expect(await readPage(4, async () => [], String)).toEqual({ items: [] });
  });
});
