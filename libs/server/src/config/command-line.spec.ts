import { describe, expect, it } from 'vitest';
import { UsageError } from '../index.js';
import { readFlags, usageText } from './command-line.js';

const options = { flags: { 'new-admin-token': 'makes a token' }, commands: ['init'] };

describe('the command line of a process', () => {
  it('knows the flags of every process and its own', () => {
    expect([...readFlags(['--new-admin-token', '--check-config'], options)]).toEqual([
      'new-admin-token',
      'check-config',
    ]);
    expect(readFlags([]).size).toBe(0);
  });

  it.each([['--new-admin-tokn'], ['--bogus'], ['-x'], ['word'], ['--check-config=yes']])(
    'refuses %s, which nobody would read',
    (arg) => {
      expect(() => readFlags([arg], options)).toThrow(UsageError);
    },
  );

  it('describes all of them, and the commands', () => {
    const text = usageText('/srv/main.js', options);
    for (const word of ['main.js init', '--new-admin-token', '--check-config', '--print-config-schema', '--help'])
      expect(text).toContain(word);
  });
});
