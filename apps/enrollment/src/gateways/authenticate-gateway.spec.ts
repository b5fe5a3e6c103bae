import { Oid } from '@touchmark/der';
import { TEST_NOW, TestCa, type TestCertificateOptions } from '@touchmark/testkit';
import { describe, expect, it } from 'vitest';
import type { KnownAuthority } from '../est/authorities.js';
import { AuthenticateGateway } from './authenticate-gateway.js';

const root = TestCa.root();
const infrastructure = root.issueCa({ subject: 'Infrastructure' });
const ldevid = root.issueCa({ subject: 'LDevID' });
const authorities: KnownAuthority[] = [
  { kind: 'root', certificate: root.certificate },
  { kind: 'infrastructure', certificate: infrastructure.certificate },
  { kind: 'ldevid', certificate: ldevid.certificate },
];

const uri = (value: string): TestCertificateOptions => ({
  subjectAltName: [{ kind: 'uniformResourceIdentifier', value }],
});
const gatewayUri = 'spiffe://devices.local/gateway/gw-1';

type Stored = { profile: string; name: string; seatValue: 0 | 1 | 2 } | undefined;
const stored: Stored = { profile: 'gateway-client', name: 'gw-1', seatValue: 0 };

function authenticator(found: Stored): AuthenticateGateway {
  return new AuthenticateGateway(
    { current: async () => authorities },
    { serviceCertificate: async () => found },
    { realm: 'devices.local', now: () => TEST_NOW },
  );
}

const codeOf = async (run: Promise<unknown>): Promise<string> =>
  run.then(
    () => 'ok',
    (error: { code: string; context: { reason?: string } }) => error.context.reason ?? error.code,
  );

const valid = infrastructure.issue(uri(gatewayUri)).der;

describe('AuthenticateGateway', () => {
  it('knows a gateway by its certificate, with or without its issuer', async () => {
    expect(await authenticator(stored).run([valid])).toEqual({ name: 'gw-1', certificate: valid });
    expect(await authenticator(stored).run([valid, infrastructure.der, root.der])).toMatchObject({ name: 'gw-1' });
  });

  it.each<[string, string, Uint8Array[], Stored]>([
    ['nothing', 'CERTIFICATE_MISSING', [], stored],
    ['garbage', 'CERTIFICATE_MALFORMED', [Uint8Array.of(0x30, 0)], stored],
    ['a certificate of another CA', 'UNKNOWN_ISSUER', [TestCa.root().issue(uri(gatewayUri)).der], stored],
    [
      'one that a device CA below our root issued',
      'UNKNOWN_ISSUER',
      [ldevid.issue(uri(gatewayUri)).der, ldevid.der, root.der],
      stored,
    ],
    ['the root’s own', 'UNKNOWN_ISSUER', [root.issue(uri(gatewayUri)).der, root.der], stored],
    [
      'an expired one',
      'CERT_EXPIRED',
      [infrastructure.issue({ ...uri(gatewayUri), notAfter: TEST_NOW - 1 }).der],
      stored,
    ],
    [
      'one for servers',
      'EXT_KEY_USAGE_MISSING',
      [infrastructure.issue({ ...uri(gatewayUri), extKeyUsage: [Oid.serverAuth] }).der],
      stored,
    ],
    [
      'one without purpose',
      'EXT_KEY_USAGE_MISSING',
      [infrastructure.issue({ ...uri(gatewayUri), extKeyUsage: null }).der],
      stored,
    ],
    ['one that is not stored', 'STATUS_UNKNOWN', [valid], undefined],
    ['a revoked one', 'CERT_REVOKED', [valid], { ...stored, seatValue: 1 }],
    ['a suspended one', 'CERT_SUSPENDED', [valid], { ...stored, seatValue: 2 }],
    ['one of another profile', 'GATEWAY_NOT_ALLOWED', [valid], { ...stored, profile: 'service' }],
    [
      'a service’s',
      'GATEWAY_NOT_ALLOWED',
      [infrastructure.issue(uri('spiffe://devices.local/service/enrollment')).der],
      stored,
    ],
    [
      'one of another realm',
      'GATEWAY_NOT_ALLOWED',
      [infrastructure.issue(uri('spiffe://other.local/gateway/gw-1')).der],
      stored,
    ],
    ['one with a malformed name', 'GATEWAY_NOT_ALLOWED', [infrastructure.issue(uri('spiffe://x')).der], stored],
    ['one without a name', 'GATEWAY_NOT_ALLOWED', [infrastructure.issue().der], stored],
  ])('%s: %s', async (_name, code, chain, found) => {
    expect(await codeOf(authenticator(found).run(chain))).toBe(code);
  });
});
