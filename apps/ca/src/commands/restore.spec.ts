import { UsageError } from '@touchmark/server';
import { describe, expect, it } from 'vitest';
import { readRestore } from './restore.js';

describe('the arguments of restore', () => {
  it.each([
    [['--yes']],
    [['--without-files']],
    [['--yes', '--without-files', 'file']],
    [['--yes', '--without-files', '--epoch', 'abc']],
    [['--yes', '--without-files', '--epoch=-1']],
    [['--yes', '--without-files', '--epoch', '1.5']],
    [['--yes', '--without-files', '--epoch', '2147483648']],
    [['--yes', '--without-files', '--epoch', '']],
  ])('%j: UsageError', async (args) => {
    await expect(readRestore(args)).rejects.toThrow(UsageError);
  });

  it.each([['--bogus'], ['--epoch']])('%s: refused', async (arg) => {
    await expect(readRestore(['--yes', '--without-files', arg])).rejects.toThrow(TypeError);
  });

  it('takes an epoch', async () => {
    const request = await readRestore(['--yes', '--without-files', '--epoch', '7']);
    expect(request).toEqual({ epoch: 7, signers: [], messages: [] });
  });
});
