import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { onStopSignals } from './signals.js';

function listening() {
  const source = new EventEmitter();
  const calls: string[] = [];
  let nowMs = 5_000;
  const off = onStopSignals(source, () => nowMs, { stop: () => calls.push('stop'), force: () => calls.push('force') });
  const signal = (name: string, afterMs: number) => {
    nowMs += afterMs;
    source.emit(name);
    return calls;
  };
  return { signal, off, calls };
}

describe('onStopSignals', () => {
  it('stops once for a Ctrl-C that arrives twice', () => {
    const { signal } = listening();
    signal('SIGINT', 0);
    expect(signal('SIGINT', 40)).toEqual(['stop']);
  });

  it('forces for a second signal later than a second', () => {
    const { signal } = listening();
    signal('SIGTERM', 0);
    expect(signal('SIGINT', 1_001)).toEqual(['stop', 'force']);
  });

  it('does nothing after listening ended', () => {
    const { signal, off } = listening();
    off();
    expect(signal('SIGTERM', 0)).toEqual([]);
  });
});
