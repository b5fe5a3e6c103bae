import { describe, expect, it } from 'vitest';
import { renewalProofOctets } from './service-renewal.js';

const certificate = Uint8Array.of(0x30, 1, 2);
const csr = Uint8Array.of(0x30, 3, 4, 5);

describe('renewalProofOctets', () => {
  it('label, zero octet, SHA-256 of the certificate, CSR', () => {
    // printf '\x30\x01\x02' | openssl dgst -sha256
    const digest = '3cbe6470cff85dfaddea998f857fa38772dbf46f74b039fef0a75f69bc4a8c7d';
    expect(Buffer.from(renewalProofOctets(certificate, csr)).toString('hex')).toBe(
      `${Buffer.from('touchmark renewal').toString('hex')}00${digest}30030405`,
    );
  });

  it('has a length that tells where each part ends: nothing can move from one to the other', () => {
    expect(renewalProofOctets(certificate, csr)).toHaveLength(18 + 32 + csr.length);
    expect(renewalProofOctets(Uint8Array.of(), csr)).toHaveLength(18 + 32 + csr.length);
  });
});
