import { describe, expect, it } from 'vitest';

import { itemOfEvent, itemsOfAnswer } from './feed-items.js';

const message = { kind: 'message', message: Uint8Array.of(65) };
const signer = { kind: 'signer', record: { certificate: Uint8Array.of(65), issuerCertificate: Uint8Array.of(66) } };
const malformed = expect.objectContaining({ code: 'FEED_MALFORMED' });

describe('feed items', () => {
  it.each(['snapshot', 'batch', 'head'])('of an event %s: a message', (type) => {
    expect(itemOfEvent({ type, data: 'QQ==' })).toEqual(message);
  });

  it('of an event signer: two certificates; of a later release: nothing', () => {
    expect(itemOfEvent({ type: 'signer', data: 'QQ== Qg==' })).toEqual(signer);
    expect(itemOfEvent({ type: 'weather', data: '*' })).toBeUndefined();
  });

  it.each(['', 'QQ', 'QQ=', 'Q Q==', 'QR==', 'QQ==QQ==', '_w==', 'é'])('refuses %j as base64', (data) => {
    expect(() => itemOfEvent({ type: 'head', data })).toThrow(malformed);
  });

  it.each(['QQ==', 'QQ== ', 'QQ== QQ== QQ=='])('refuses %j as a signer', (data) => {
    expect(() => itemOfEvent({ type: 'signer', data })).toThrow(malformed);
  });

  it('of the answer to a poll: signers before messages', () => {
    expect(itemsOfAnswer('{"messages":["QQ=="],"signers":[["QQ==","Qg=="]],"more":1}')).toEqual([signer, message]);
  });

  it.each([
    '',
    'null',
    '[]',
    '"a"',
    '{"signers":[],"messages":{}}',
    '{"signers":[["QQ=="]],"messages":[]}',
    '{"signers":[],"messages":[1]}',
  ])('refuses %s', (text) => {
    expect(() => itemsOfAnswer(text)).toThrow(malformed);
  });
});
