import { UsageError } from '@touchmark/server';
import { describe, expect, it } from 'vitest';
import { inDataFolder } from './data-folder.js';

describe('--data-folder', () => {
  it.each([[['a', '--data-folder', '/srv/t', '--b', 'c']], [['a', '--data-folder=/srv/t', '--b', 'c']]])(
    '%j: the folder of secrets inside, and no database of another installation',
    (args) => {
      const call = inDataFolder(args, { DATABASE_URL: 'postgres://elsewhere', HOME: '/root' });
      expect(call.args).toEqual(['a', '--b', 'c']);
      expect(call.environment).toEqual({ HOME: '/root', TOUCHMARK_SECRETS_FOLDER: '/srv/t/secrets' });
    },
  );

  it('is left out: nothing changes', () => {
    expect(inDataFolder(['a'], { DATABASE_URL: 'x' })).toEqual({ args: ['a'], environment: { DATABASE_URL: 'x' } });
  });

  it.each([[['--data-folder']], [['--data-folder=']], [['--data-folder', '--out']]])('%j: UsageError', (args) => {
    expect(() => inDataFolder(args, {})).toThrow(UsageError);
  });
});
