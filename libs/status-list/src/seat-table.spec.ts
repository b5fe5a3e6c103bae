import { describe, expect, it } from 'vitest';
import { SeatTable } from './seat-table.js';
import { SeatValue } from './seat-value.js';

function tableWithList(listId: number, leasedTo: number): SeatTable {
  const table = new SeatTable();
  table.open(listId, leasedTo);
  return table;
}

describe('SeatTable', () => {
  it('leased seat never changed: valid', () => {
    expect(tableWithList(1, 4096).lookup({ listId: 1, index: 4095 })).toBe(SeatValue.valid);
  });

  it('seat beyond the last lease: unknown, and known once leased', () => {
    const table = tableWithList(1, 4096);
    expect(table.lookup({ listId: 1, index: 4096 })).toBe('unknown');
    table.lease(1, 8192);
    expect(table.lookup({ listId: 1, index: 4096 })).toBe(SeatValue.valid);
  });

  it('list not opened: unknown', () => {
    expect(tableWithList(1, 4096).lookup({ listId: 2, index: 0 })).toBe('unknown');
  });

  it('changed seat: its value in its list only', () => {
    const table = tableWithList(1, 10);
    table.open(2, 10);
    table.set({ listId: 1, index: 3 }, SeatValue.invalid);
    expect(table.lookup({ listId: 1, index: 3 })).toBe(SeatValue.invalid);
    expect(table.lookup({ listId: 2, index: 3 })).toBe(SeatValue.valid);
    expect([...table.nonValid(1)]).toEqual([{ index: 3, value: SeatValue.invalid }]);
  });

  it('retired list: unknown and no longer listed', () => {
    const table = tableWithList(1, 10);
    table.retire(1);
    expect(table.lookup({ listId: 1, index: 0 })).toBe('unknown');
    expect(table.listIds()).toEqual([]);
  });

  it.each([
    {
      name: 'change beyond the lease',
      code: 'SEAT_NOT_LEASED',
      act: (t: SeatTable) => t.set({ listId: 1, index: 10 }, 1),
    },
    {
      name: 'change in an unknown list',
      code: 'LIST_UNKNOWN',
      act: (t: SeatTable) => t.set({ listId: 9, index: 0 }, 1),
    },
    { name: 'lease in an unknown list', code: 'LIST_UNKNOWN', act: (t: SeatTable) => t.lease(9, 1) },
    { name: 'retirement of an unknown list', code: 'LIST_UNKNOWN', act: (t: SeatTable) => t.retire(9) },
    { name: 'iteration of an unknown list', code: 'LIST_UNKNOWN', act: (t: SeatTable) => t.nonValid(9) },
    { name: 'smaller lease', code: 'LEASE_NOT_GROWING', act: (t: SeatTable) => t.lease(1, 9) },
    { name: 'second opening', code: 'LIST_ALREADY_OPEN', act: (t: SeatTable) => t.open(1) },
  ])('$name: $code', ({ act, code }) => {
    expect(() => act(tableWithList(1, 10))).toThrow(expect.objectContaining({ code }));
  });

  it('lease beyond the list: TypeError', () => {
    expect(() => tableWithList(1, 10).lease(1, 2 ** 20 + 1)).toThrow(TypeError);
  });
});
