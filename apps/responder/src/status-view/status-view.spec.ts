import { describe, expect, it } from 'vitest';
import { JournalGapError, StatusView } from './status-view.js';

const at = (sequence: number, epoch = 1) => ({ position: { epoch, sequence }, provenAt: 1000 + sequence });

function loaded(): StatusView {
  const view = new StatusView();
  const revocations = new Map([[1, [{ index: 4, status: { value: 1, reason: 1, revokedAt: 900 } as const }]]]);
  view.load({ ...at(10), lists: [{ id: 1, authorityId: 'a', leasedTo: 8 }], revocations }, 2000);
  return view;
}

const lease = (sequence: number, listId = 1) => ({ kind: 'block-leased', sequence, listId, leasedTo: 16 }) as const;

describe('StatusView', () => {
  it('knows nothing, and has proven nothing, before it was loaded', () => {
    const view = new StatusView();
    expect([view.position, view.provenAt, view.askedAt]).toEqual([undefined, undefined, Number.NEGATIVE_INFINITY]);
    expect(() => view.apply({ ...at(1), changes: [lease(1)] }, 0)).toThrow(JournalGapError);
  });

  it('takes entries that follow on, and the time of their proof', () => {
    const view = loaded();
    const opened = { kind: 'list-opened', sequence: 11, list: { id: 2, authorityId: 'b', leasedTo: 0 } } as const;
    view.apply({ ...at(13), changes: [opened, lease(12, 2), { kind: 'list-retired', sequence: 13, listId: 1 }] }, 2005);
    expect(view.list(2)).toMatchObject({ authorityId: 'b', leasedTo: 16 });
    expect(view.list(1)).toBeUndefined();
    expect([view.provenAt, view.askedAt, view.position]).toEqual([1013, 2005, { epoch: 1, sequence: 13 }]);
  });

  it.each([
    ['a gap before', { ...at(12), changes: [lease(12)] }],
    ['a gap within', { ...at(13), changes: [lease(11), lease(13)] }],
    ['entries missing at the end', { ...at(12), changes: [lease(11)] }],
    ['another epoch', { ...at(0, 2), changes: [] }],
    ['a list that was never opened', { ...at(11), changes: [lease(11, 99)] }],
  ])('refuses %s, and proves nothing by it', (_name, read) => {
    const view = loaded();
    expect(() => view.apply(read, 2005)).toThrow(JournalGapError);
    expect([view.provenAt, view.askedAt]).toEqual([1010, 2000]);
  });

  it('is proven only while our clock is near the time of asking, on either side', () => {
    const view = loaded();
    const { askedAt } = view;
    const proven = (age: number): boolean => view.isProven(askedAt + age, 10);
    expect([-11, -10, 0, 10, 11].map(proven)).toEqual([false, true, true, true, false]);
    expect(new StatusView().isProven(askedAt, 10)).toBe(false);
  });

  it('gives a seat a new status object with every change, also when it is valid again', () => {
    const view = loaded();
    const before = view.status(1, 4);
    view.apply(
      { ...at(11), changes: [{ kind: 'seats', sequence: 11, listId: 1, seats: [{ index: 4, status: undefined }] }] },
      2001,
    );
    expect(before).toMatchObject({ value: 1 });
    expect(view.status(1, 4)).toEqual({ value: 0 });
    expect(view.status(1, 5)).toBeUndefined();
  });
});
