import { describe, expect, it } from 'vitest';
import { isPostmasterOf, parsePostmasterPid } from './postmaster-pid.js';

describe('parsePostmasterPid', () => {
  it.each([
    [
      'a running server',
      '7004\n/data\n1763860000\n35199\n\n127.0.0.1\n 123 456\nready   \n',
      { pid: 7004, port: 35199 },
    ],
    ['a server that has no port yet', '7004\n/data\n1763860000\n', { pid: 7004, port: undefined }],
    ['an empty file', '', undefined],
    ['a negative process id, as a single-user server writes it', '-7004\n/data\n', undefined],
    ['process 1, which is never ours', '1\n/data\n', undefined],
    ['no number', 'x\n', undefined],
  ])('reads %s', (_, text, expected) => {
    expect(parsePostmasterPid(text)).toEqual(expected);
  });
});

describe('isPostmasterOf', () => {
  it('is false for a process that is no PostgreSQL, though it works in that folder', async () => {
    expect(await isPostmasterOf(process.cwd(), process.pid)).toBe(false);
  });

  it('is false for a process that does not exist', async () => {
    expect(await isPostmasterOf(process.cwd(), 2 ** 22 + 1)).toBe(false);
  });
});
