import { execFileSync } from 'node:child_process';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeTransfer, encodeTransfer, wrapFor } from './transfer-encoding.js';

const der = Uint8Array.from({ length: 900 }, (_, i) => (i === 0 ? 0x30 : i & 0xff));
const base64 = Buffer.from(der).toString('base64');
const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const wrapped = (columns: number, end: string): string =>
  base64.replaceAll(new RegExp(`.{${columns}}`, 'g'), (line) => line + end);

describe('decodeTransfer', () => {
  it.each([
    { name: 'one line', body: base64 },
    { name: 'one line and CRLF', body: `${base64}\r\n` },
    { name: '64 columns, LF', body: wrapped(64, '\n') },
    { name: '76 columns, CRLF', body: wrapped(76, '\r\n') },
    { name: 'spaces and tabs anywhere', body: ` \t${wrapped(7, ' \t')}\n\n` },
  ])('base64, $name: decoded', ({ body }) => {
    expect(decodeTransfer(bytes(body), 1000)).toEqual({ der: Buffer.from(der), form: 'base64' });
  });

  it('raw DER: taken, and said so', () => {
    expect(decodeTransfer(der, 1000)).toEqual({ der, form: 'der' });
  });

  it.each(['CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST'])('PEM of a %s: taken, and said so', (label) => {
    const body = `-----BEGIN ${label}-----\n${wrapped(64, '\n')}\n-----END ${label}-----\n`;
    expect(decodeTransfer(bytes(body), 1000)).toEqual({ der: Buffer.from(der), form: 'pem' });
  });

  it('base64 of a view into a larger buffer: that view only', () => {
    const whole = bytes(`####${base64}####`);
    expect(Buffer.from(decodeTransfer(whole.subarray(4, -4), 1000).der)).toEqual(Buffer.from(der));
  });

  it.each([
    { name: 'nothing', body: '', code: 'BODY_EMPTY' },
    { name: 'white space', body: ' \r\n', code: 'BODY_EMPTY' },
    { name: 'a padding missing', body: 'MIIBAA=', code: 'BODY_NOT_BASE64' },
    { name: 'truncated in a quantum', body: base64.slice(0, -1), code: 'BODY_NOT_BASE64' },
    { name: 'base64url', body: 'MII_-w==', code: 'BODY_NOT_BASE64' },
    { name: 'a foreign character', body: 'MIIB*AAA', code: 'BODY_NOT_BASE64' },
    { name: 'text behind the padding', body: 'MII=MII=', code: 'BODY_NOT_BASE64' },
    { name: 'stray bits in the last character', body: 'MIIBAB==', code: 'BODY_NOT_BASE64' },
    { name: 'a NUL', body: 'MIIB\0AAAA', code: 'BODY_NOT_BASE64' },
    { name: 'JSON', body: '{"csr":"MIIB"}', code: 'BODY_NOT_BASE64' },
    { name: 'PEM without its end', body: '-----BEGIN X-----\nMIIB\n', code: 'BODY_PEM_MALFORMED' },
    { name: 'PEM with another end', body: '-----BEGIN X-----\nMIIB\n-----END Y-----', code: 'BODY_PEM_MALFORMED' },
    { name: 'two PEM blocks', body: '-----BEGIN X-----\nMIIB\n-----END X-----\n'.repeat(2), code: 'BODY_NOT_BASE64' },
    { name: 'PEM around nothing', body: '-----BEGIN X-----\n-----END X-----', code: 'BODY_NOT_BASE64' },
  ])('$name: $code', ({ body, code }) => {
    expect(() => decodeTransfer(bytes(body), 1000)).toThrow(expect.objectContaining({ code }));
  });

  it.each([
    { name: 'base64', body: bytes(base64) },
    { name: 'raw DER', body: der },
    { name: 'white space without end', body: bytes(' '.repeat(3000)) },
  ])('$name beyond the limit: BODY_TOO_LARGE', ({ body }) => {
    expect(() => decodeTransfer(body, 899)).toThrow(expect.objectContaining({ code: 'BODY_TOO_LARGE' }));
  });

  it('exactly the limit: decoded', () => {
    expect(decodeTransfer(bytes(base64), 900).der).toHaveLength(900);
  });
});

describe('encodeTransfer', () => {
  it('short: one line and CRLF, whether or not lines are asked for', () => {
    const short = der.subarray(0, 600);
    const line = `${Buffer.from(short).toString('base64')}\r\n`;
    expect(Buffer.from(encodeTransfer(short)).toString()).toBe(line);
    expect(Buffer.from(encodeTransfer(short, 64)).toString()).toBe(line);
  });

  it('long: one line and CRLF unless lines are asked for', () => {
    expect(Buffer.from(encodeTransfer(der)).toString()).toBe(`${base64}\r\n`);
  });

  it.each([64, 76] as const)('long in lines of %i: no line longer, each ended by CRLF', (wrap) => {
    const lines = Buffer.from(encodeTransfer(der, wrap)).toString().split('\r\n');
    expect(lines.pop()).toBe('');
    expect(lines.join('')).toBe(base64);
    expect(Math.max(...lines.map((line) => line.length))).toBe(wrap);
  });

  it('lines of 64: openssl reads them', () => {
    const decoded = execFileSync('openssl', ['base64', '-d'], { input: encodeTransfer(der, 64) });
    expect(decoded).toEqual(Buffer.from(der));
  });

  it('any SEQUENCE, any width: decoded to itself', () => {
    const sequences = fc.uint8Array({ maxLength: 2000 }).map((contents) => Uint8Array.of(0x30, ...contents));
    const widths = fc.constantFrom<64 | 76 | undefined>(64, 76, undefined);
    fc.assert(
      fc.property(sequences, widths, (any, wrap) => {
        const { der: back, form } = decodeTransfer(encodeTransfer(any, wrap), 2001);
        expect(Buffer.from(back)).toEqual(Buffer.from(any));
        expect(form).toBe('base64');
      }),
    );
  });

  it.each([
    { agent: 'libest 3.2.0', wrap: 64 },
    { agent: 'curl/8', wrap: undefined },
    { agent: undefined, wrap: undefined },
  ])('User-Agent $agent: lines of $wrap', ({ agent, wrap }) => {
    expect(wrapFor(agent)).toBe(wrap);
  });
});
