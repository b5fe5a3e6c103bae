import { describe, expect, it } from 'vitest';
import { EstContentType, isPkcs10 } from './content-types.js';
import { estMethods, isEstLabel, parseEstPath } from './paths.js';

describe('parseEstPath', () => {
  it.each(Object.keys(estMethods))('%s without a label: the default policy', (operation) => {
    expect(parseEstPath(`/.well-known/est/${operation}`)).toEqual({ operation });
  });

  it.each(['factory-A', 'a', 'v1.2~x_y', 'x'.repeat(128)])('label %s: that label', (label) => {
    expect(parseEstPath(`/.well-known/est/${label}/simpleenroll`)).toEqual({ label, operation: 'simpleenroll' });
  });

  it.each([
    '/.well-known/est',
    '/.well-known/est/',
    '/.well-known/est/label',
    '/.well-known/est/label/',
    '/.well-known/est//cacerts',
    '/.well-known/est/cacerts/',
    '/.well-known/est/cacerts/cacerts',
    '/.well-known/est/simpleenroll/cacerts',
    '/.well-known/est/a/b/cacerts',
    '/.well-known/est/./cacerts',
    '/.well-known/est/../cacerts',
    '/.well-known/est/a%2Fb/cacerts',
    '/.well-known/est/a b/cacerts',
    `/.well-known/est/${'x'.repeat(129)}/cacerts`,
    '/.well-known/est/CACERTS',
    '/.well-known/est/toString',
    '/.well-known/est/cacerts?x=1',
    '/x/.well-known/est/cacerts',
    '/cacerts',
    '',
  ])('%s: no EST path', (path) => {
    expect(parseEstPath(path)).toBeUndefined();
  });

  it('an operation: no label', () => {
    expect(isEstLabel('csrattrs')).toBe(false);
    expect(isEstLabel('csrattrs2')).toBe(true);
  });
});

describe('content types', () => {
  it('certs-only: the octets that libest compares', () => {
    expect(EstContentType.certsOnly).toBe('application/pkcs7-mime; smime-type=certs-only');
  });

  it.each([
    { header: 'application/pkcs10', is: true },
    { header: 'Application/PKCS10; charset=utf-8', is: true },
    { header: 'application/pkcs10 ;x=y', is: true },
    { header: 'application/pkcs100', is: false },
    { header: 'text/plain; application/pkcs10', is: false },
    { header: '', is: false },
    { header: undefined, is: false },
  ])('Content-Type $header is PKCS #10: $is', ({ header, is }) => {
    expect(isPkcs10(header)).toBe(is);
  });
});
