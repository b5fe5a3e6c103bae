import { TEST_NOW, TestCa, type TestSigner, TestStatus } from '@touchmark/testkit';
import { SeatValue } from '@touchmark/status-list';
import { parseCertificate, spkiSha256 } from '@touchmark/x509';
import { describe, expect, it } from 'vitest';

import { proveSnapshot, type SnapshotEvidence, type SnapshotProof } from './prove-snapshot.js';

/** As the responder publishes them: the signer's issuer may stand before it. */
const published = (...signers: readonly TestSigner[]) =>
  signers.flatMap(({ certificate, issuerCertificate }) =>
    [issuerCertificate, certificate].map((der) => parseCertificate(der)),
  );

function prove(world: TestStatus, more: Partial<SnapshotEvidence> = {}): SnapshotProof {
  const signers = published(world.signer);
  const trustAnchors = [world.root.certificate];
  const signerIssuers = [world.infrastructure.certificate];
  const snapshot = world.snapshot(TEST_NOW);
  return proveSnapshot({ snapshot, signers, trustAnchors, signerIssuers, now: TEST_NOW, ...more });
}

const refused = (code: string) => ({ ok: false, code, error: { code } });

describe('proveSnapshot', () => {
  it('answers the status of seats under the key that issued, the position, and the issuing CAs', () => {
    const world = new TestStatus();
    const [good, revoked, suspended] = [1, 2, 3].map((n) => world.issueDevice(String(n)).certificate);
    if (!good || !revoked || !suspended) throw new TypeError('three devices');
    world.change(revoked.der, SeatValue.invalid);
    world.change(suspended.der, SeatValue.suspended);
    const proof = prove(world, { now: TEST_NOW + 10_000 });
    if (!proof.ok) throw proof.error;
    expect(proof.position).toEqual({ epoch: 1, sequence: 2, asOf: TEST_NOW });
    const key = spkiSha256(world.ldevid.certificate.subjectPublicKeyInfo);
    const asked = [good, revoked, suspended].map(({ serialNumber }) => proof.status.statusOf(key, serialNumber));
    expect(asked).toEqual(['valid', 'invalid', 'suspended']);
    const other = spkiSha256(world.infrastructure.certificate.subjectPublicKeyInfo);
    expect(proof.status.statusOf(other, good.serialNumber)).toBe('unknown');
    expect(proof.status.statusOf(key, Uint8Array.of(1, 2, 3))).toBe('unknown');
    expect(proof.intermediates.map(({ der }) => der)).toContainEqual(world.ldevid.der);
  });

  it('takes a signer that has ended since, for it is asOf that ages, and none that had ended at that time', () => {
    const world = new TestStatus();
    world.signer = world.issueSigner({ notAfter: TEST_NOW + 5 });
    expect(prove(world, { now: TEST_NOW + 1000 })).toMatchObject({ ok: true, position: { asOf: TEST_NOW } });
    expect(prove(world, { snapshot: world.snapshot(TEST_NOW + 6), now: TEST_NOW + 6 })).toMatchObject(
      refused('SIGNER_REFUSED'),
    );
  });

  it.each([
    ['a gateway', { uri: 'spiffe://devices.local/gateway/g-1' }],
    ['a device', { uri: 'spiffe://devices.local/device/m/1' }],
    ['a certificate of a CA that is bounded to TLS', { list: 2 }],
    ['a certificate without an identity', { subjectAltName: [{ kind: 'dNSName' as const, value: 'status.example' }] }],
    ['a signer of another realm', { uri: 'spiffe://elsewhere.local/status/status-1' }],
  ])('refuses what %s has signed', (_who, options) => {
    const world = new TestStatus();
    world.signer = world.issueSigner(options);
    expect(prove(world, { realm: 'devices.local' })).toMatchObject(refused('SIGNER_REFUSED'));
  });

  it('refuses a signer that another CA below the root has certified', () => {
    const world = new TestStatus();
    const signerIssuers = [world.ldevid.certificate, world.root.certificate];
    expect(prove(world, { signerIssuers })).toMatchObject(refused('SIGNER_REFUSED'));
    expect(prove(world, { signerIssuers: [] })).toMatchObject(refused('SIGNER_REFUSED'));
  });

  it('refuses a signer below another root, and one that is not among the certificates', () => {
    const world = new TestStatus();
    const trustAnchors = [TestCa.root().certificate];
    expect(prove(world, { trustAnchors })).toMatchObject(refused('SIGNER_REFUSED'));
    expect(prove(world, { signers: [] })).toMatchObject(refused('SIGNER_REFUSED'));
    expect(prove(world, { signers: published(world.issueSigner()) })).toMatchObject(refused('SIGNER_REFUSED'));
  });

  it('refuses a signer that is revoked or unknown in what it proves, it or the CA above', () => {
    for (const lost of ['signer', 'infrastructure', 'list'] as const) {
      const world = new TestStatus();
      if (lost === 'signer') world.change(world.signer.certificate, SeatValue.invalid);
      if (lost === 'infrastructure') world.change(world.infrastructure.der, SeatValue.invalid);
      if (lost === 'list') world.forget(3);
      expect(prove(world)).toMatchObject(refused('SIGNER_REFUSED'));
    }
  });

  it('refuses a time ahead of the clock, and a message that is no snapshot', () => {
    const world = new TestStatus();
    expect(prove(world, { snapshot: world.snapshot(TEST_NOW + 60) })).toMatchObject({ ok: true });
    expect(prove(world, { snapshot: world.snapshot(TEST_NOW + 61) })).toMatchObject(refused('TIME_AHEAD'));
    expect(prove(world, { snapshot: world.head(TEST_NOW) })).toMatchObject(refused('NO_SNAPSHOT'));
    expect(prove(world, { snapshot: new TextEncoder().encode('no snapshot') })).toMatchObject({ ok: false });
  });

  it('refuses it when one octet is another', () => {
    const world = new TestStatus();
    const whole = world.snapshot(TEST_NOW);
    for (let at = 0; at < whole.length; at += 7) {
      const snapshot = Uint8Array.from(whole);
      snapshot[at] = (snapshot[at] ?? 0) ^ 0x01;
      expect(prove(world, { snapshot }).ok).toBe(false);
    }
  });
});
