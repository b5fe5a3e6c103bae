import { randomBytes } from 'node:crypto';

/** Fresh unpredictable octets. Throws where the source of randomness fails; never returns fewer than asked for. */
export type RandomBytes = (length: number) => Uint8Array;

/** The operating system's generator through node:crypto. The only source of randomness that is not handed in. */
export const systemRandomBytes: RandomBytes = (length) => {
  const bytes = randomBytes(length);
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
};
