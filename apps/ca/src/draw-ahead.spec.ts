import { describe, expect, it } from 'vitest';
import { drawAhead } from './draw-ahead.js';

/** Octets that count, four at a time, so that each place is told from every other. */
function counting(): (length: number) => Uint8Array {
  let next = 0;
  return (length) => {
    const octets = Buffer.alloc(length);
    for (let at = 0; at + 4 <= length; at += 4) octets.writeUInt32BE(next++, at);
    return octets;
  };
}

describe('drawAhead', () => {
  it('hands out no octet twice, over the end of a piece too', () => {
    const draw = drawAhead(counting());
    const drawn = Array.from({ length: 3000 }, (_, i) => Buffer.from(draw(i % 3 === 0 ? 16 : 8)).toString('hex'));
    expect(new Set(drawn).size).toBe(drawn.length);
  });

  it('keeps what it handed out as it was', () => {
    const draw = drawAhead(counting());
    const first = draw(8);
    const before = Buffer.from(first).toString('hex');
    draw(8).fill(0xff);
    expect(Buffer.from(first).toString('hex')).toBe(before);
  });

  it('gives as many as asked for, more than a piece too', () => {
    const draw = drawAhead(counting());
    expect([0, 1, 4096, 4097, 9].map((length) => draw(length).length)).toEqual([0, 1, 4096, 4097, 9]);
  });
});
