import { describe, expect, it } from 'vitest';
import { parseBasicCredentials } from './basic-credentials.js';

const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`;

describe('parseBasicCredentials', () => {
  it.each([
    ['user and password', basic('SN-1:secret'), { user: 'SN-1', password: 'secret' }],
    ['an empty user', basic(':secret'), { user: '', password: 'secret' }],
    ['a colon in the password', basic('a:b:c'), { user: 'a', password: 'b:c' }],
    ['the scheme in lower case, and UTF-8', basic('ü:ß').replace('Basic', 'basic '), { user: 'ü', password: 'ß' }],
    ['a password left empty', basic('SN-1:'), { user: 'SN-1', password: '' }],
  ])('%s: read', (_what, field, credentials) => {
    expect(parseBasicCredentials(field)).toEqual(credentials);
  });

  it.each([
    ['no field', undefined],
    ['another scheme', 'Bearer abc'],
    ['neither user nor password', basic(':')],
    ['nothing', ''],
  ])('%s: nobody there', (_what, field) => {
    expect(parseBasicCredentials(field)).toBeUndefined();
  });

  it.each(['Basic', 'Basic ', 'Basic !!!', basic('no colon'), 'Basic a:b'])('%j: CREDENTIALS_MALFORMED', (field) => {
    expect(() => parseBasicCredentials(field)).toThrow(expect.objectContaining({ code: 'CREDENTIALS_MALFORMED' }));
  });
});
