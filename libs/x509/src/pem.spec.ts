import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { decodePem, encodePem } from './pem.js';

describe('PEM', () => {
  it('reads back what was written, several blocks with text around them', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array({ maxLength: 200 }), (a, b) => {
        const text = `subject=x\n${encodePem('CERTIFICATE', a)}# y\r\n${encodePem('X', b).replaceAll('\n', '\r\n')}`;
        expect(decodePem(text)).toEqual([
          { label: 'CERTIFICATE', der: a },
          { label: 'X', der: b },
        ]);
      }),
    );
  });

  it('wraps at 64 characters', () => {
    expect(encodePem('X', new Uint8Array(49))).toBe(`-----BEGIN X-----\n${'A'.repeat(64)}\nAA==\n-----END X-----\n`);
  });

  it.each([
    ['no end', '-----BEGIN X-----\nAAAA\n'],
    ['another end', '-----BEGIN X-----\nAAAA\n-----END Y-----\n'],
    ['what is no base64', '-----BEGIN X-----\nAA*A\n-----END X-----\n'],
    ['base64 cut short', '-----BEGIN X-----\nAAA\n-----END X-----\n'],
    ['a header', '-----BEGIN X-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END X-----\n'],
  ])('refuses %s', (_name, text) => {
    expect(() => decodePem(text)).toThrow(expect.objectContaining({ code: 'PEM_MALFORMED' }));
  });

  it('finds nothing in other text', () => {
    expect(decodePem('hello\n-----\n')).toEqual([]);
  });
});
