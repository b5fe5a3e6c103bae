import { describe, expect, it } from 'vitest';
import type { BatchResult } from './results-file.js';
import { Window } from './window.js';

function open(limit = 10, fault?: string): { window: Window; settled: BatchResult[] } {
  const settled: BatchResult[] = [];
  return { window: new Window(limit, { faultOf: () => fault }, (result) => settled.push(result)), settled };
}
const good = (line: number) => ({ line, deviceSerial: `d${line}`, csr: 'MAA=' });
const bad = (line: number) => ({ line, deviceSerial: null, fault: { code: 'LINE_MALFORMED', detail: '' } as const });
const yes = { serialNumber: '54', certificate: 'MAA=' };

describe('the window of a batch', () => {
  it('settles in the order of the lines, those refused here among those answered there', () => {
    const { window, settled } = open();
    window.take(bad(1));
    expect(settled.map(({ line }) => line)).toEqual([1]);
    for (const request of [good(2), bad(3), bad(4), good(5)]) window.take(request);
    expect(settled).toHaveLength(1);
    expect(window.answer('d2', yes)).toBe(true);
    expect(settled.map(({ line }) => line)).toEqual([1, 2, 3, 4]);
    expect(window.texts).toEqual(['{"deviceSerial":"d5","csr":"MAA="}\n']);
    expect(window.answer('d5', { error: { code: 'KEY_WEAK', detail: 'x' } })).toBe(true);
    expect(window.isEmpty).toBe(true);
    expect(settled.at(-1)).toEqual({ line: 5, deviceSerial: 'd5', error: { code: 'KEY_WEAK', detail: 'x' } });
  });

  it('takes no answer for another device than the next one', () => {
    const { window, settled } = open();
    window.take(good(1));
    window.take(good(2));
    expect(window.answer('d2', yes)).toBe(false);
    expect(settled).toEqual([]);
    expect(open().window.answer('d1', yes)).toBe(false);
  });

  it('settles nothing by a certificate that is not what the line asked for', () => {
    const { window, settled } = open(10, 'it is for another key');
    window.take(good(1));
    expect(() => window.answer('d1', yes)).toThrow(expect.objectContaining({ code: 'CERTIFICATE_NOT_TRUSTED' }));
    expect(settled).toEqual([]);
    expect(window.texts).toHaveLength(1);
    expect(window.answer('d1', { error: { code: 'KEY_WEAK', detail: 'x' } })).toBe(true);
  });

  it('does not send a line that would end the stream', () => {
    const { window, settled } = open();
    expect(window.take({ ...good(1), csr: 'A'.repeat(16_384) })).toBeUndefined();
    expect(settled).toMatchObject([{ line: 1, error: { code: 'LINE_TOO_LONG' } }]);
  });

  it('is full at its limit, until an answer comes', async () => {
    const { window } = open(1);
    window.take(good(1));
    const full = window.full();
    expect(full).toBeDefined();
    window.answer('d1', yes);
    await full;
    expect(window.full()).toBeUndefined();
  });
});
