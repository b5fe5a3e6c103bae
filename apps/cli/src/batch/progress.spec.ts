import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { pace, progressLines } from './progress.js';

describe('the pace of a batch', () => {
  it('counts what this run did, and what is left of all', () => {
    expect(pace({ answered: 600, now: 100, refused: 0 }, 1000, 2000)).toEqual({ rate: 50, left: 8 });
  });

  it('says nothing about the end before anything was done', () => {
    expect(pace({ answered: 600, now: 0, refused: 0 }, 1000, 2000)).toEqual({ rate: 0, left: undefined });
    expect(pace({ answered: 0, now: 0, refused: 0 }, 1000, 0)).toEqual({ rate: 0, left: undefined });
  });
});

describe('progress in a log', () => {
  it('is a line every five seconds, without anything that moves a cursor', () => {
    const stderr = new PassThrough({ encoding: 'utf8' });
    const tally = { answered: 0, now: 0, refused: 0 };
    let ms = 0;
    const progress = progressLines({ tally, nowMs: () => ms, stderr });
    progress.start(1000);
    for (ms = 0; ms <= 10_000; ms += 1000) {
      Object.assign(tally, { answered: ms / 20, now: ms / 20, refused: 3 });
      progress.update();
    }
    progress.stop();
    expect(stderr.read()).toBe('250/1000, 50/s, 15 s left, 3 refused\n500/1000, 50/s, 10 s left, 3 refused\n');
  });
});
