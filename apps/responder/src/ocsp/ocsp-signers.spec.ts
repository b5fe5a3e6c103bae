import { generateTestKey, TEST_NOW, TestCa } from '@touchmark/testkit';
import { parseCertificationRequest, verifySignature } from '@touchmark/x509';
import { type CaPort, CaUnavailableError } from '@touchmark/ca-port';
import { describe, expect, it } from 'vitest';
import { generateMemorySigner } from './memory-signer.js';
import { OcspSigners } from './ocsp-signers.js';

const DAY = 86_400;

function setUp(): {
  signers: OcspSigners;
  asked: string[];
  ca: { fails: Error | undefined; refuses: boolean };
  clock: { now: number };
  said: string[];
} {
  const authority = TestCa.root();
  const asked: string[] = [];
  const ca: { fails: Error | undefined; refuses: boolean } = { fails: undefined, refuses: false };
  const clock = { now: TEST_NOW };
  const renewOcspSigners: CaPort['renewOcspSigners'] = async (requests) => {
    if (ca.fails) throw ca.fails;
    return requests.map(({ authorityId, csr }) => {
      asked.push(authorityId);
      if (ca.refuses) return { ok: false, code: 'INTERNAL', detail: '' };
      const {
        subjectPublicKeyInfo,
        signatureAlgorithm: algorithm,
        certificationRequestInfo: data,
        signature,
      } = parseCertificationRequest(csr);
      if (!verifySignature({ algorithm, subjectPublicKeyInfo, data, signature }))
        throw new Error('no proof of possession');
      const notAfter = clock.now + 7 * DAY;
      const certificate = authority.issue({ key: { ...generateTestKey(), subjectPublicKeyInfo }, notAfter }).der;
      return { ok: true, certificate, notAfter };
    });
  };
  const said: string[] = [];
  const log = {
    info: () => undefined,
    warn: (_fields: object, message: string) => said.push(`warn ${message}`),
    error: (_fields: object, message: string) => said.push(`error ${message}`),
  };
  const signers = new OcspSigners({
    ca: { renewOcspSigners },
    generateSigner: generateMemorySigner,
    now: () => clock.now,
    log,
  });
  return { signers, asked, ca, clock, said };
}

describe('OcspSigners', () => {
  it('asks once for each authority, again at half of the life, and then with a new key', async () => {
    const { signers, asked, clock } = setUp();
    await signers.renew(['a', 'b']);
    await signers.renew(['a', 'b']);
    expect(asked).toEqual(['a', 'b']);
    const first = signers.get('a');
    clock.now += 3.5 * DAY - 1;
    await signers.renew(['a']);
    expect(signers.get('a')).toBe(first);
    clock.now += 1;
    await signers.renew(['a']);
    expect(signers.get('a')?.responder.signer.subjectPublicKeyInfo).not.toEqual(
      first?.responder.signer.subjectPublicKeyInfo,
    );
  });

  it('keeps the present signer until its notAfter while the CA fails, and asks no more than every five seconds', async () => {
    const { signers, asked, ca, clock } = setUp();
    await signers.renew(['a']);
    ca.fails = new Error('fault');
    clock.now += 6 * DAY;
    await signers.renew(['a']);
    expect(signers.get('a')).toBeDefined();
    ca.fails = undefined;
    clock.now += 4;
    await signers.renew(['a']);
    expect(asked).toHaveLength(1);
    clock.now += DAY;
    expect(signers.get('a')).toBeUndefined();
    await signers.renew(['a']);
    expect(signers.get('a')).toBeDefined();
  });

  it('says once, and as no error, that the CA is away', async () => {
    const { signers, ca, clock, said } = setUp();
    ca.fails = new CaUnavailableError(new Error('away'));
    for (let i = 0; i < 3; i++) {
      await signers.renew(['a']);
      clock.now += 1;
    }
    expect(said).toEqual(['warn the CA cannot be reached yet: OCSP signers wait for it']);
  });

  it('asks a CA that is away again after a second', async () => {
    const { signers, ca, clock } = setUp();
    ca.fails = new CaUnavailableError(new Error('away'));
    await signers.renew(['a']);
    ca.fails = undefined;
    await signers.renew(['a']);
    expect(signers.get('a')).toBeUndefined();
    clock.now += 1;
    await signers.renew(['a']);
    expect(signers.get('a')).toBeDefined();
  });

  it('has no signer where the CA refuses one', async () => {
    const { signers, ca } = setUp();
    ca.refuses = true;
    await signers.renew(['a']);
    expect(signers.get('a')).toBeUndefined();
  });
});
