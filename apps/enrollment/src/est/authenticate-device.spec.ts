import type { AuthorityDescription } from '@touchmark/ca-port';
import { Oid } from '@touchmark/der';
import { TEST_NOW, TestCa, type TestCertificateOptions } from '@touchmark/testkit';
import { describe, expect, it } from 'vitest';
import { AuthenticateDevice } from './authenticate-device.js';
import { Authorities } from './authorities.js';

const root = TestCa.root();
const cas = {
  idevid: root.issueCa({ subject: 'IDevID CA' }),
  ldevid: root.issueCa({ subject: 'LDevID CA', extKeyUsage: [Oid.clientAuth] }),
  infrastructure: root.issueCa({ subject: 'Infrastructure CA' }),
};
const authorities: AuthorityDescription[] = [
  { id: 'root', kind: 'root', certificate: root.der },
  ...(['idevid', 'ldevid', 'infrastructure'] as const).map((kind) => ({ id: kind, kind, certificate: cas[kind].der })),
];
const describeAuthorities = () => Promise.resolve(authorities);

const uri = (value: string): TestCertificateOptions => ({
  subjectAltName: [{ kind: 'uniformResourceIdentifier', value }],
});
const DEVICE = uri('spiffe://devices.local/device/sensor/SN-1');
const identity = { realm: 'devices.local', model: 'sensor', deviceSerial: 'SN-1' };

function stranger(): Uint8Array[] {
  const own = TestCa.root({ subject: 'Strange root' });
  return [own.issue(DEVICE).der, own.der];
}

function authenticate(chain: readonly Uint8Array[], now = TEST_NOW) {
  return new AuthenticateDevice(new Authorities({ describeAuthorities }, () => now), () => now).run(chain);
}

describe('AuthenticateDevice', () => {
  it('an LDevID alone, as after a resumed session: its device', async () => {
    const leaf = cas.ldevid.issue(DEVICE);
    const { serialNumber } = leaf.certificate;
    expect(await authenticate([leaf.der])).toEqual({ der: leaf.der, serialNumber, kind: 'ldevid', identity });
  });

  it('an IDevID without extKeyUsage, with its chain: its device', async () => {
    const leaf = cas.idevid.issue({ ...DEVICE, extKeyUsage: null });
    expect(await authenticate([leaf.der, cas.idevid.der, root.der])).toMatchObject({ kind: 'idevid', identity });
  });

  it.each([
    ['nothing', [], 'CERTIFICATE_MISSING'],
    ['octets that are no certificate', [Uint8Array.of(0x30, 0)], 'CERTIFICATE_MALFORMED'],
    ['a stranger who brings his own root', stranger(), 'UNKNOWN_ISSUER'],
    [
      'a certificate for servers',
      [cas.ldevid.issue({ ...DEVICE, extKeyUsage: [Oid.serverAuth] }).der],
      'EXT_KEY_USAGE_MISSING',
    ],
    ['an expired one', [cas.ldevid.issue({ ...DEVICE, notAfter: TEST_NOW - 1 }).der], 'CERT_EXPIRED'],
    ['a future one', [cas.ldevid.issue({ ...DEVICE, notBefore: TEST_NOW + 1 }).der], 'CERT_NOT_YET_VALID'],
    ['an issuing CA itself', [cas.ldevid.der], 'END_ENTITY_IS_CA'],
    [
      'a SPIFFE URI that is not ours',
      [cas.ldevid.issue(uri('spiffe://devices.local/sensor/SN-1')).der],
      'IDENTITY_MALFORMED',
    ],
  ])('%s: not authentic', async (_what, chain, code) => {
    await expect(authenticate(chain)).rejects.toMatchObject({ name: 'NotAuthenticError', code });
  });

  it.each([
    ['a gateway of ours', cas.infrastructure.issue(uri('spiffe://devices.local/gateway/edge-1'))],
    ['a device name below the CA of the servers', cas.infrastructure.issue(DEVICE)],
    ['a gateway name below the LDevID CA', cas.ldevid.issue(uri('spiffe://devices.local/gateway/edge-1'))],
    ['a certificate without a URI', cas.ldevid.issue()],
    ['one that the root signed itself', root.issue(DEVICE)],
  ])('%s: CERTIFICATE_NOT_DEVICE', async (_what, { der }) => {
    await expect(authenticate([der])).rejects.toMatchObject({
      name: 'EnrollmentRefusedError',
      code: 'CERTIFICATE_NOT_DEVICE',
    });
  });
});
