import { describe, expect, it } from 'vitest';
import { oidOfUuid } from './oid-of-uuid.js';

describe('oidOfUuid', () => {
  it('writes the UUID as one decimal arc under 2.25', () => {
    // the example of Rec. ITU-T X.667 clause 8
    expect(oidOfUuid('f81d4fae-7dec-11d0-a765-00a0c91e6bf6')).toBe('2.25.329800735698586629295641978511506172918');
  });
});
