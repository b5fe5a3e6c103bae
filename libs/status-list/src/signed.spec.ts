import { createHash, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeSigned,
  encodeSigned,
  openSigned,
  signedData,
  type MessageTypeName,
  type VerifySignature,
} from './signed.js';
import { keyId } from './spec-content.js';
import { acceptedWrongly } from './spec-hostile.js';

const types: readonly MessageTypeName[] = ['snapshot', 'batch', 'head'];
const payload = Buffer.from('what the journal says');
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const known = new Uint8Array(
  createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest(),
);

function signedBy(key: KeyObject, type: MessageTypeName, id: Uint8Array = known): Uint8Array {
  const signature = new Uint8Array(sign('sha256', signedData(type, id, payload), key));
  return encodeSigned({ type, keyId: id, signature, payload });
}

const checkP256: VerifySignature = (id, data, signature) =>
  Buffer.compare(id, known) === 0 ? verify('sha256', data, publicKey, signature) : undefined;

describe('openSigned', () => {
  it.each(types)('%s signed by the known key: its type and payload', (type) => {
    const opened = openSigned(signedBy(privateKey, type), checkP256);
    expect(opened.type).toBe(type);
    expect(Buffer.from(opened.payload)).toEqual(payload);
  });

  it('every other type put on a signed message: SIGNATURE_INVALID', () => {
    for (const type of types) {
      const message = decodeSigned(signedBy(privateKey, type));
      for (const other of types) {
        if (other === type) continue;
        const forged = encodeSigned({ ...message, type: other });
        expect(() => openSigned(forged, checkP256)).toThrow(expect.objectContaining({ code: 'SIGNATURE_INVALID' }));
      }
    }
  });

  it('signature over the bare payload: SIGNATURE_INVALID', () => {
    const signature = new Uint8Array(sign('sha256', payload, privateKey));
    const forged = encodeSigned({ type: 'head', keyId: known, signature, payload });
    expect(() => openSigned(forged, checkP256)).toThrow(expect.objectContaining({ code: 'SIGNATURE_INVALID' }));
  });

  it('another key under the known name: SIGNATURE_INVALID; under its own: FOREIGN_KEY', () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const invalid = expect.objectContaining({ code: 'SIGNATURE_INVALID' });
    expect(() => openSigned(signedBy(other, 'head'), checkP256)).toThrow(invalid);
    const foreign = expect.objectContaining({ code: 'FOREIGN_KEY', context: { keyId: '09'.repeat(32) } });
    expect(() => openSigned(signedBy(other, 'head', keyId(9)), checkP256)).toThrow(foreign);
  });

  it('any bit flipped: never opened', () => {
    const message = signedBy(privateKey, 'batch');
    const accepted = [];
    for (let bit = 0; bit < message.length * 8; bit += 1) {
      const at = bit >>> 3;
      try {
        openSigned(message.with(at, (message[at] ?? 0) ^ (0x80 >>> (bit & 7))), checkP256);
        accepted.push(bit);
      } catch {
        // refused
      }
    }
    expect(accepted).toEqual([]);
  });
});

describe('encodeSigned', () => {
  it('any message: read back as written; cut, extended or changed: refused, or the only encoding of what it says now', () => {
    const message = fc.record({
      type: fc.constantFrom(...types),
      keyId: fc.uint8Array({ minLength: 32, maxLength: 32 }),
      signature: fc.uint8Array({ maxLength: 80 }),
      payload: fc.uint8Array({ maxLength: 100 }),
    });
    fc.assert(
      fc.property(message, (one) => {
        expect(decodeSigned(encodeSigned(one))).toEqual(one);
        expect(acceptedWrongly(encodeSigned(one), (hostile) => encodeSigned(decodeSigned(hostile)))).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  it.each([
    { name: 'a key id of another length', change: { keyId: new Uint8Array(20) } },
    { name: 'a signature of 9 KiB', change: { signature: new Uint8Array(9_216) } },
  ])('$name: TypeError', ({ change }) => {
    const one = { type: 'head' as const, keyId: known, signature: new Uint8Array(64), payload };
    expect(() => encodeSigned({ ...one, ...change })).toThrow(TypeError);
  });
});
