import { describe, expect, it } from 'vitest';

import { CachedMessages } from './cached-messages.js';

const octets = (octet: number, length = 1): Uint8Array => new Uint8Array(length).fill(octet);
const MIB = 2 ** 20;

function begun(...batches: number[]): CachedMessages {
  const messages = new CachedMessages();
  messages.start(octets(0), 10);
  for (const n of batches) messages.append(octets(n), 10 + n, octets(n));
  return messages;
}

describe('CachedMessages', () => {
  it('keeps a snapshot and what continues it, and begins anew with the next snapshot', () => {
    const messages = begun(1, 2);
    expect(messages.all()).toEqual([octets(0), octets(1), octets(2)]);
    messages.start(octets(9), 20);
    expect(messages.all()).toEqual([octets(9)]);
    expect(new CachedMessages().all()).toEqual([]);
  });

  it('has a shorter form with an older snapshot that ends where a batch does, in the same history only', () => {
    const messages = begun(1, 2, 3);
    expect(messages.from(octets(9), 12, octets(7))).toBeUndefined();
    expect(messages.from(octets(9), 15, octets(2))).toBeUndefined();
    expect(messages.from(octets(9), 10, octets(0))).toBeUndefined();
    expect(messages.from(octets(9), 12, octets(2))?.all()).toEqual([octets(9), octets(3)]);
    expect(messages.from(octets(9), 13, octets(3))?.all()).toEqual([octets(9)]);
    expect(messages.all()).toHaveLength(4);
  });

  it('has grown beyond a MiB of batches, and says so once for each quarter', () => {
    const messages = begun();
    messages.append(octets(1, MIB - 1), 11, octets(1));
    expect([messages.isLong, messages.hasGrown()]).toEqual([false, false]);
    messages.append(octets(2, 1), 12, octets(2));
    expect(messages.isLong).toBe(true);
    expect([messages.hasGrown(), messages.hasGrown()]).toEqual([true, false]);
    messages.append(octets(3, MIB / 4), 13, octets(3));
    expect([messages.hasGrown(), messages.hasGrown()]).toEqual([true, false]);
    messages.start(octets(9), 20);
    expect(messages.hasGrown()).toBe(false);
  });

  it('keeps no more than 16 MiB, and no gap', () => {
    const messages = begun();
    for (let n = 1; n <= 16; n += 1) expect(messages.append(octets(n, MIB), 10 + n, octets(n))).toBe(true);
    expect(messages.append(octets(17, 2), 27, octets(17))).toBe(false);
    expect(messages.append(octets(18, 0), 28, octets(18))).toBe(false);
    expect(messages.all()).toHaveLength(17);
  });
});
