import { IssuanceError } from './issuance-error.js';
import type { Signer } from './signer.js';

/** Signs, at once where the signer can. Whatever it fails with becomes the cause of an IssuanceError SIGNING_FAILED. */
export function callSigner(signer: Signer, data: Uint8Array): Uint8Array | Promise<Uint8Array> {
  try {
    const signature = signer.sign(data);
    return signature instanceof Promise ? signature.catch(fail) : signature;
  } catch (cause) {
    return fail(cause);
  }
}

function fail(cause: unknown): never {
  throw new IssuanceError('SIGNING_FAILED', { stage: 'sign' }, { cause });
}
