import { describe, expect, it } from 'vitest';

import { keyId } from './spec-content.js';
import { encodeSigned } from './signed.js';
import { encodeSignerRecord, readStatusFile } from './status-file.js';

const message = encodeSigned({
  type: 'head',
  keyId: keyId(1),
  signature: Uint8Array.of(1, 2),
  payload: Uint8Array.of(3),
});
const record = { certificate: Uint8Array.of(0x30, 1, 1), issuerCertificate: Uint8Array.of(0x30, 0) };
const signer = encodeSignerRecord(record);
const file = Uint8Array.of(...signer, ...message, ...message);

describe('readStatusFile', () => {
  it('reads signers and messages in their order, and a single message', () => {
    expect(readStatusFile(file)).toEqual({ signers: [record], messages: [message, message], whole: true });
    expect(readStatusFile(message)).toEqual({ signers: [], messages: [message], whole: true });
    expect(readStatusFile(new Uint8Array())).toEqual({ signers: [], messages: [], whole: true });
  });

  it('cut anywhere: answers the whole records before the cut, and says whether it ends inside one', () => {
    const ends = [signer.length, signer.length + message.length, file.length];
    for (let length = 1; length < file.length; length += 1) {
      const { signers, messages, whole } = readStatusFile(file.subarray(0, length));
      expect([signers.length, messages.length, whole]).toEqual([
        length >= signer.length ? 1 : 0,
        length >= signer.length + message.length ? 1 : 0,
        ends.includes(length),
      ]);
    }
  });

  it('ends at what is no record, whatever stands behind it', () => {
    expect(readStatusFile(Uint8Array.of(...message, 0, ...message))).toEqual({
      signers: [],
      messages: [message],
      whole: false,
    });
    const future = message.with(4, 2);
    expect(readStatusFile(Uint8Array.of(...future, ...message)).whole).toBe(false);
  });

  it('encodeSignerRecord refuses what does not fit', () => {
    expect(() => encodeSignerRecord({ ...record, certificate: new Uint8Array() })).toThrow(TypeError);
    expect(() => encodeSignerRecord({ ...record, issuerCertificate: new Uint8Array(65_536) })).toThrow(TypeError);
  });
});
