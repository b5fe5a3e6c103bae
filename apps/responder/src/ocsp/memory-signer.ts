import type { Signer } from '@touchmark/issuance';
import { generateKeyPair, SoftwareSigner } from '@touchmark/keys';

/**
 * A new P-256 key that lives and ends with this process. It signs on the calling thread: one signature takes a fraction of what
 * the request around it costs, less than handing it to another thread and back.
 */
export function generateMemorySigner(): Signer {
  const { pkcs8 } = generateKeyPair('P-256');
  const signer = new SoftwareSigner(pkcs8, 'inline');
  pkcs8.fill(0);
  return signer;
}
