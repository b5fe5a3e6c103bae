import { describe, expect, it } from 'vitest';
import { feedPosition } from './feed-position.js';

describe('feedPosition', () => {
  it('is what the query says, nothing where it says nothing', () => {
    expect(feedPosition({ epoch: '3', after: '0' }, undefined)).toEqual({ epoch: 3, sequence: 0 });
    expect(feedPosition({ epoch: '4294967295', after: '9007199254740991' }, undefined)).toEqual({
      epoch: 2 ** 32 - 1,
      sequence: Number.MAX_SAFE_INTEGER,
    });
    expect(feedPosition({}, undefined)).toBeUndefined();
    expect(feedPosition(undefined, undefined)).toBeUndefined();
  });

  it('is the id of the last event where a browser sends it', () => {
    expect(feedPosition({ epoch: '1', after: '2' }, '1.7')).toEqual({ epoch: 1, sequence: 7 });
  });

  it.each([
    [{ epoch: '1' }],
    [{ after: '1' }],
    [{ epoch: '0', after: '1' }],
    [{ epoch: '4294967296', after: '1' }],
    [{ epoch: '1', after: '9007199254740992' }],
    [{ epoch: '1', after: '-1' }],
    [{ epoch: '1', after: '1.5' }],
    [{ epoch: '1e1', after: '1' }],
    [{ epoch: '', after: '' }],
    [{ epoch: ['1', '1'], after: '1' }],
    [{ epoch: '1', after: '99999999999999999' }],
  ])('refuses %j', (query) => {
    expect(() => feedPosition(query, undefined)).toThrow(expect.objectContaining({ code: 'POSITION_INVALID' }));
  });

  it.each(['', '1', '1.', '.1', '0.1', '1.2.3', 'a.b', '1.-2'])('refuses the event id "%s"', (id) => {
    expect(() => feedPosition({}, id)).toThrow(expect.objectContaining({ code: 'POSITION_INVALID' }));
  });
});
