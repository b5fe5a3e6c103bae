import { describe, expect, it } from 'vitest';
import { MAX_TARGET_LENGTH, requestInPath } from './request-in-path.js';

const der = Buffer.from('30ffffffbefbefbe00', 'hex');
const base64 = der.toString('base64');

describe('requestInPath', () => {
  it.each([
    ['percent-encoded', encodeURIComponent(base64)],
    ['as it is', base64],
    ['after the slash of an AIA URL', `/${base64}`],
    ['without padding', base64.replaceAll('=', '')],
    ['base64url', der.toString('base64url')],
    ['after many slashes', `${'/'.repeat(2_000)}${base64}`],
    ['before a query', `${base64}?x`],
  ])('reads base64 %s', (_name, text) => {
    expect(requestInPath(`/ocsp/${text}`, '/ocsp/')).toEqual(der);
  });

  it.each([
    ['nothing', ''],
    ['a broken escape', '%4'],
    ['something else', 'a~b'],
    ['padding within', 'AA==AA'],
    ['slashes before something else', `${'/'.repeat(2_000)}!`],
    ['slashes alone', '///'],
    ['too much', 'A'.repeat(MAX_TARGET_LENGTH)],
  ])('refuses %s', (_name, text) => {
    expect(requestInPath(`/ocsp/${text}`, '/ocsp/')).toBeUndefined();
  });
});
