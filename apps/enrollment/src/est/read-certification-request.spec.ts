import { encodeTransfer } from '@touchmark/est';
import { makeTestRequest } from '@touchmark/testkit';
import { describe, expect, it } from 'vitest';
import { readCertificationRequest } from './read-certification-request.js';

const binding = Uint8Array.from({ length: 32 }, (_, i) => i);
const bound = Buffer.from(binding).toString('base64');
const bodyWith = (challengePassword?: string) =>
  encodeTransfer(makeTestRequest(challengePassword === undefined ? {} : { challengePassword }).der);

describe('readCertificationRequest', () => {
  it.each([
    ['no base64', Buffer.from('!'), 'BODY_NOT_BASE64'],
    ['more than 32 kB of DER', encodeTransfer(new Uint8Array(32_769)), 'BODY_TOO_LARGE'],
  ])('a body with %s: refused', (_what, body, code) => {
    expect(() => readCertificationRequest(body, () => undefined)).toThrow(expect.objectContaining({ code }));
  });

  it('no challengePassword: the binding is not asked for', () => {
    const der = readCertificationRequest(bodyWith(), () => {
      throw new Error('asked');
    });
    expect(der.length).toBeGreaterThan(0);
  });

  it('the binding of this connection as challengePassword: accepted', () => {
    expect(readCertificationRequest(bodyWith(bound), () => binding).length).toBeGreaterThan(0);
  });

  it.each([
    ['of another connection', bound, Uint8Array.from(binding, (octet) => octet ^ 1)],
    ['where the connection has none', bound, undefined],
    ['that is a static secret', 'secret', binding],
  ])('a challengePassword %s: CHANNEL_BINDING_MISMATCH', (_what, challenge, own) => {
    expect(() => readCertificationRequest(bodyWith(challenge), () => own)).toThrow(
      expect.objectContaining({ code: 'CHANNEL_BINDING_MISMATCH' }),
    );
  });

  it('what is no certification request: passed on, for the CA to refuse', () => {
    expect(readCertificationRequest(encodeTransfer(Uint8Array.of(0x30, 1, 0)), () => undefined)).toHaveLength(3);
  });
});
