import { sign, X509Certificate } from 'node:crypto';
import { renewalProofOctets, type ServiceRenewalOutcome, type ServiceRenewalRequest } from '@touchmark/ca-port';
import { parseSerialNumber } from '@touchmark/status-list';
import { blockKeys, lockServiceHolder, saveRevocations } from '@touchmark/store';
import { generateTestKey, makeTestRequest, TestCa, type TestKey, type TestKeyKind } from '@touchmark/testkit';
import { parseCertificate, spkiSha256 } from '@touchmark/x509';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { ServiceCertificateOrder } from '../../apps/ca/src/signers/issue-service-certificate.js';
import { idevidRequest, issued, TestCaService, testModel } from '../fixture/test-ca.js';

let service: TestCaService;
beforeAll(async () => {
  service = await TestCaService.open(inject('databaseUrl'));
});
afterAll(() => service.close());

interface Held {
  readonly certificate: Uint8Array;
  readonly key: TestKey;
}

const realm = testModel.realm;
const orders = {
  service: { profile: 'service', name: 'enrollment', fields: { realm, name: 'enrollment' } },
  gateway: { profile: 'gateway-client', name: 'gw-1', fields: { realm, name: 'gw-1' } },
  server: {
    profile: 'tls-server',
    name: 'est',
    fields: { dnsNames: ['est.example', 'localhost'], ipAddresses: ['127.0.0.1', '::1'] },
  },
  address: { profile: 'tls-server', name: '2001:DB8::7', fields: { ipAddresses: ['2001:DB8::7', '10.0.0.1'] } },
} as const satisfies Record<string, Omit<ServiceCertificateOrder, 'csr'>>;

async function make(order: Omit<ServiceCertificateOrder, 'csr'>, key = generateTestKey()): Promise<Held> {
  const { der: csr } = makeTestRequest({ key });
  const { certificate } = await service.ca.serviceCertificates.run({ ...order, csr });
  return { certificate, key };
}

/** To the half of a certificate's life, from when on it can be renewed. */
function ripen({ certificate }: Held): void {
  const { notBefore, notAfter } = parseCertificate(certificate);
  service.advance(Math.max(0, Math.floor((notBefore + notAfter) / 2) - service.now()));
}

async function makeRipe(order: Omit<ServiceCertificateOrder, 'csr'>, key = generateTestKey()): Promise<Held> {
  const held = await make(order, key);
  ripen(held);
  return held;
}

async function renew(held: Held): Promise<Held> {
  const key = generateTestKey();
  const outcome = await ask(renewal(held, key));
  if (!outcome.ok) throw new Error(outcome.code);
  return { certificate: outcome.certificate, key };
}

/** The holder shows that it has what it was given. */
const show = (held: Held): Promise<string> => codeOf(renewal(held, held.key));

const digests: Partial<Record<TestKeyKind, string>> = {
  'EC P-256': 'sha256',
  'EC P-384': 'sha384',
  'EC P-521': 'sha512',
  RSA: 'sha256',
};

function renewal({ certificate, key }: Held, next = generateTestKey()): ServiceRenewalRequest {
  const { der: csr } = makeTestRequest({ key: next });
  return {
    certificate,
    csr,
    proof: sign(digests[key.kind] ?? null, renewalProofOctets(certificate, csr), key.privateKey),
  };
}

const ask = (request: ServiceRenewalRequest): Promise<ServiceRenewalOutcome> => askAs('enrollment', request);

async function askAs(caller: 'enrollment' | 'responder', request: ServiceRenewalRequest) {
  const [outcome] = await service.ca.portFor(caller).renewServiceCertificates([request]);
  if (!outcome) throw new Error('no answer');
  return outcome;
}

const codeOf = async (request: ServiceRenewalRequest): Promise<string> => {
  const outcome = await ask(request);
  return outcome.ok ? 'ok' : outcome.code;
};

async function setSeat({ certificate }: Held, value: 1 | 2): Promise<void> {
  const seat = parseSerialNumber(parseCertificate(certificate).serialNumber);
  if (!seat) throw new Error('no seat');
  const change = { ...seat, value, reason: 4, revokedAt: service.now(), invalidityDate: null, holds: [] };
  await service.db.transaction((tx) => saveRevocations(tx, [change]));
}

describe('renewServiceCertificates', () => {
  it.each(Object.entries(orders))(
    '%s: same subject and names, new key, from the infrastructure CA',
    async (_, order) => {
      const held = await makeRipe(order);
      const next = generateTestKey();
      const outcome = await ask(renewal(held, next));
      if (!outcome.ok) throw new Error(outcome.code);
      const [old, renewed] = [new X509Certificate(held.certificate), new X509Certificate(outcome.certificate)];
      expect(renewed.subject).toBe(old.subject);
      expect(renewed.subjectAltName).toBe(old.subjectAltName);
      expect(renewed.keyUsage).toEqual(old.keyUsage);
      expect(renewed.serialNumber).not.toBe(old.serialNumber);
      expect(renewed.publicKey.export({ format: 'der', type: 'spki' })).toEqual(Buffer.from(next.subjectPublicKeyInfo));
      const issuer = new X509Certificate(outcome.issuerCertificate);
      expect(issuer.subject).toContain('Infrastructure');
      expect(renewed.verify(issuer.publicKey)).toBe(true);
      expect(outcome).toMatchObject({ notAfter: Date.parse(renewed.validTo) / 1000 });
    },
  );

  it.each(['EC P-384', 'Ed25519', 'RSA'] as const)('a server with a key of %s proves itself, too', async (kind) => {
    expect(await codeOf(renewal(await makeRipe(orders.server, generateTestKey(kind))))).toBe('ok');
  });

  it('a successor is renewed like the first one', async () => {
    const second = await renew(await makeRipe(orders.service));
    ripen(second);
    expect(await codeOf(renewal(second))).toBe('ok');
  });

  it('the same request by two at once: one certificate, given to both', async () => {
    const request = renewal(await makeRipe(orders.gateway));
    const [first, second] = await Promise.all([ask(request), ask(request)]);
    if (!first.ok || !second.ok) throw new Error('refused');
    expect(Buffer.from(second.certificate)).toEqual(Buffer.from(first.certificate));
  });

  it('with the key that it has, before the half of its life: the certificate itself', async () => {
    const held = await make(orders.gateway);
    const outcome = await ask(renewal(held, held.key));
    if (!outcome.ok) throw new Error(outcome.code);
    expect(Buffer.from(outcome.certificate)).toEqual(Buffer.from(held.certificate));
  });

  it('the same request again: the same certificate', async () => {
    const request = renewal(await makeRipe(orders.gateway));
    const [first, second] = [await ask(request), await ask(request)];
    if (!first.ok || !second.ok) throw new Error('refused');
    expect(Buffer.from(second.certificate)).toEqual(Buffer.from(first.certificate));
    expect(second.notAfter).toBe(first.notAfter);
  });

  it('is brought by the responder as well', async () => {
    expect(await askAs('responder', renewal(await makeRipe(orders.service)))).toMatchObject({ ok: true });
  });

  it('each item answers for itself, in the order asked', async () => {
    const [good, bad] = [renewal(await makeRipe(orders.service)), renewal(await makeRipe(orders.service))];
    const outcomes = await service.port.renewServiceCertificates([{ ...bad, proof: new Uint8Array(64) }, good]);
    expect(outcomes.map((outcome) => (outcome.ok ? 'ok' : outcome.code))).toEqual(['PROOF_INVALID', 'ok']);
  });
});

describe('a renewal is refused', () => {
  it.each<[string, (held: Held, other: Held) => ServiceRenewalRequest]>([
    ['signed by another key', (held, other) => renewal({ certificate: held.certificate, key: other.key })],
    [
      'signed for another certificate',
      (held, other) => {
        const { csr } = renewal(held);
        return { certificate: held.certificate, csr, proof: renewal({ ...other, key: held.key }).proof };
      },
    ],
    ['signed for another request', (held) => ({ ...renewal(held), csr: renewal(held).csr })],
    [
      'signed without the label',
      (held) => {
        const { csr } = renewal(held);
        const octets = renewalProofOctets(held.certificate, csr).subarray(18);
        return { certificate: held.certificate, csr, proof: sign('sha256', octets, held.key.privateKey) };
      },
    ],
    ['without a proof', (held) => ({ ...renewal(held), proof: new Uint8Array(0) })],
    [
      'proven by the new key alone',
      (held) => {
        const next = generateTestKey();
        const { csr } = renewal(held, next);
        const proof = sign('sha256', renewalProofOctets(held.certificate, csr), next.privateKey);
        return { certificate: held.certificate, csr, proof };
      },
    ],
  ])('%s: PROOF_INVALID', async (_, request) => {
    expect(await codeOf(request(await makeRipe(orders.service), await makeRipe(orders.service)))).toBe('PROOF_INVALID');
  });

  it('a certificate that is not stored octet for octet: CERTIFICATE_UNKNOWN', async () => {
    const held = await makeRipe(orders.service);
    const { serialNumber, subject } = parseCertificate(held.certificate);
    const uri = { kind: 'uniformResourceIdentifier', value: `spiffe://${realm}/service/enrollment` } as const;
    const forged = TestCa.root().issue({ serialNumber, subject, subjectAltName: [uri], key: held.key });
    expect(await codeOf(renewal({ certificate: forged.der, key: held.key }))).toBe('CERTIFICATE_UNKNOWN');
    expect(await codeOf(renewal({ certificate: Uint8Array.of(0x30, 0), key: held.key }))).toBe('CERTIFICATE_UNKNOWN');
    const longer = Buffer.concat([held.certificate, Uint8Array.of(0)]);
    expect(await codeOf(renewal({ certificate: longer, key: held.key }))).toBe('CERTIFICATE_UNKNOWN');
  });

  it('a device, an authority, an OCSP signer: not a service', async () => {
    const key = generateTestKey();
    const idevid = issued(await service.issue(idevidRequest('REN-1', await service.batchWarrant(1), key)));
    expect(await codeOf(renewal({ certificate: idevid.certificate, key }))).toBe('CERTIFICATE_NOT_SERVICE');
    const signer = await make({ profile: 'ocsp-signer', authorityId: authority(), name: 'o', fields: { name: 'o' } });
    expect(await codeOf(renewal(signer))).toBe('CERTIFICATE_NOT_SERVICE');
    const ca = service.authorities.byId(authority()).issuer.certificate.der;
    expect(await codeOf(renewal({ certificate: ca, key }))).toMatch(/^CERTIFICATE_(UNKNOWN|NOT_SERVICE)$/);
  });

  it('revoked, suspended: each with its code', async () => {
    const [revoked, suspended] = [await makeRipe(orders.gateway), await makeRipe(orders.gateway)];
    await setSeat(revoked, 1);
    await setSeat(suspended, 2);
    expect(await codeOf(renewal(revoked))).toBe('CERTIFICATE_REVOKED');
    expect(await codeOf(renewal(suspended))).toBe('CERTIFICATE_SUSPENDED');
  });

  it('a repeated request whose answer was revoked meanwhile: nothing', async () => {
    const request = renewal(await makeRipe(orders.gateway));
    const first = await ask(request);
    if (!first.ok) throw new Error(first.code);
    await setSeat({ certificate: first.certificate, key: generateTestKey() }, 1);
    expect(await codeOf(request)).toBe('KEY_REVOKED');
  });

  it('with the key that it has, from the half of its life on: KEY_IN_USE', async () => {
    const held = await makeRipe(orders.service);
    expect(await codeOf(renewal(held, held.key))).toBe('KEY_IN_USE');
  });

  it('with a key of somebody else: KEY_IN_USE; a blocked one: KEY_BLOCKED', async () => {
    const held = await makeRipe(orders.service);
    expect(await codeOf(renewal(held, (await makeRipe(orders.gateway)).key))).toBe('KEY_IN_USE');
    const other = { ...orders.service, name: 'responder', fields: { realm, name: 'responder' } };
    expect(await codeOf(renewal(held, (await make(other)).key))).toBe('KEY_IN_USE');
    const device = generateTestKey();
    issued(await service.issue(idevidRequest('REN-2', await service.batchWarrant(1), device)));
    expect(await codeOf(renewal(held, device))).toBe('KEY_IN_USE');
    const blocked = generateTestKey();
    await service.db.transaction((tx) => blockKeys(tx, [spkiSha256(blocked.subjectPublicKeyInfo)], 'keyCompromise'));
    expect(await codeOf(renewal(held, blocked))).toBe('KEY_BLOCKED');
  });

  it('with a weak key, or a kind that services do not have', async () => {
    const [service_, server] = [await makeRipe(orders.service), await makeRipe(orders.server)];
    expect(await codeOf(renewal(server, generateTestKey('RSA', 1024)))).toBe('KEY_WEAK');
    expect(await codeOf(renewal(service_, generateTestKey('RSA')))).toBe('KEY_ALGORITHM_REFUSED');
  });

  it('with a request that is none, or not signed by its key', async () => {
    const held = await makeRipe(orders.service);
    const forged = makeTestRequest({ signingKey: generateTestKey() }).der;
    const signed = (csr: Uint8Array) => ({
      certificate: held.certificate,
      csr,
      proof: sign('sha256', renewalProofOctets(held.certificate, csr), held.key.privateKey),
    });
    expect(await codeOf(signed(forged))).toBe('CSR_SIGNATURE_INVALID');
    expect(await codeOf(signed(Uint8Array.of(0x30, 0)))).toBe('CSR_MALFORMED');
  });

  it('revoked between the check and the commit: the revocation wins', async () => {
    const held = await makeRipe(orders.service);
    const request = renewal(held);
    const seat = parseSerialNumber(parseCertificate(held.certificate).serialNumber);
    let renewing: Promise<string> | undefined;
    await service.db.transaction(async (tx) => {
      if (!seat) throw new Error('no seat');
      await lockServiceHolder(tx, orders.service);
      renewing = codeOf(request);
      await waitingForLock();
      const change = { ...seat, value: 1 as const, reason: 4, revokedAt: 1, invalidityDate: null, holds: [] };
      await saveRevocations(tx, [change]);
    });
    expect(await renewing).toBe('CERTIFICATE_REVOKED');
  });
});

const statusOf = ({ certificate }: Held) =>
  service.ca.serviceCertificateStatus(parseCertificate(certificate).serialNumber);
const revoke = ({ certificate }: Held, reason: 'keyCompromise' | 'superseded', allOfHolder = false) => {
  const { serialNumber } = parseCertificate(certificate);
  return service.ca.revokeServiceCertificate.run({ serialNumber, reason, allOfHolder });
};

describe('the lineage of a service’s certificate', () => {
  let names = 0;
  /** Of a holder of its own. */
  const gateway = (): Omit<ServiceCertificateOrder, 'csr'> => {
    const name = `edge-${names++}`;
    return { profile: 'gateway-client', name, fields: { realm, name } };
  };

  it('a new key before the half of its life: RENEWAL_TOO_EARLY; what was given already is given again', async () => {
    const held = await make(gateway());
    expect(await codeOf(renewal(held))).toBe('RENEWAL_TOO_EARLY');
    await service.whileTimeStandsStill(async () => {
      ripen(held);
      service.advance(-1);
      expect(await codeOf(renewal(held))).toBe('RENEWAL_TOO_EARLY');
      service.advance(1);
      expect(await codeOf(renewal(held))).toBe('ok');
    });
  });

  it('a lost answer and a lost key: another key takes the place of the successor that nobody has seen', async () => {
    const held = await makeRipe(gateway());
    const lost = await renew(held);
    const second = await renew(held);
    expect([await statusOf(lost), await statusOf(second), await statusOf(held)]).toEqual(['invalid', 'valid', 'valid']);
    expect(await codeOf(renewal(held, lost.key))).toBe('KEY_REVOKED');
    const [row] = await service.db.query<{ reason: number }>(
      `SELECT r.reason FROM ca.revocation r JOIN ca.certificate c USING (list_id, index) WHERE c.der = $1`,
      [lost.certificate],
    );
    expect(row?.reason).toBe(4);
  });

  it('a successor that has shown itself is not replaced: LINEAGE_FORK, until it is revoked', async () => {
    const held = await makeRipe(gateway());
    const successor = await renew(held);
    expect(await show(successor)).toBe('ok');
    expect(await codeOf(renewal(held))).toBe('LINEAGE_FORK');
    expect(await statusOf(successor)).toBe('valid');
    await revoke(successor, 'superseded');
    expect(await codeOf(renewal(held))).toBe('ok');
  });

  it('of many keys at once one successor is left', async () => {
    const held = await makeRipe(gateway());
    const all = await Promise.all(Array.from({ length: 5 }, () => renew(held)));
    const values = await Promise.all(all.map(statusOf));
    expect(values.filter((value) => value === 'valid')).toHaveLength(1);
  });

  it('eleven successors within an hour, and then no more: TOO_MANY_REPLACEMENTS', async () => {
    const held = await makeRipe(gateway());
    for (let i = 0; i < 11; i++) await renew(held);
    expect(await codeOf(renewal(held))).toBe('TOO_MANY_REPLACEMENTS');
    service.advance(3600);
    expect(await codeOf(renewal(held))).toBe('ok');
  });

  it('a compromise takes what a thief made of the certificate, however far, and blocks its keys', async () => {
    const order = gateway();
    const stolen = await makeRipe(order);
    const child = await renew(stolen);
    ripen(child);
    const grandchild = await renew(child);
    const other = await make(order);
    const { revoked } = await revoke(stolen, 'keyCompromise');
    expect(revoked).toBe(3);
    for (const held of [stolen, child, grandchild]) {
      expect(await statusOf(held)).toBe('invalid');
      expect(await codeOf(renewal(held))).toBe('CERTIFICATE_REVOKED');
      await expect(make(order, held.key)).rejects.toMatchObject({ code: 'KEY_BLOCKED' });
    }
    expect(await statusOf(other)).toBe('valid');
    expect((await revoke(other, 'keyCompromise')).revoked).toBe(1);
  });

  it('a compromise of one that has ended, or was revoked for less, takes what was made of it', async () => {
    const ended = await makeRipe(gateway());
    const child = await renew(ended);
    // revoking goes by the database's clock, which no test moves
    await service.db.query('UPDATE ca.service_credential SET not_after = 1 WHERE spki_sha256 = $1', [
      spkiSha256(ended.key.subjectPublicKeyInfo),
    ]);
    await expect(revoke(ended, 'superseded')).rejects.toMatchObject({ code: 'CERTIFICATE_EXPIRED' });
    expect((await revoke(ended, 'keyCompromise')).revoked).toBe(1);
    expect(await statusOf(child)).toBe('invalid');
    const replaced = await makeRipe(gateway());
    const next = await renew(replaced);
    await revoke(replaced, 'superseded');
    expect(await statusOf(next)).toBe('valid');
    await revoke(replaced, 'keyCompromise');
    expect(await statusOf(next)).toBe('invalid');
  });

  it('all of a holder: every certificate of its profile and name; it is given a new one by an order', async () => {
    const order = gateway();
    const [first, second, neighbour] = [await make(order), await make(order), await make(gateway())];
    expect((await revoke(first, 'superseded', true)).revoked).toBe(2);
    expect([await statusOf(first), await statusOf(second)]).toEqual(['invalid', 'invalid']);
    expect(await statusOf(neighbour)).toBe('valid');
    expect(await show(await make(order))).toBe('ok');
  });

  it('revoked while it is being renewed: nothing of the lineage is left', async () => {
    const held = await makeRipe(gateway());
    const [outcome] = await Promise.all([ask(renewal(held)), revoke(held, 'keyCompromise')]);
    const left = outcome.ok ? await statusOf({ ...held, certificate: outcome.certificate }) : outcome.code;
    expect(['invalid', 'CERTIFICATE_REVOKED']).toContain(left);
  });
});

describe('time', () => {
  it('expired: CERTIFICATE_EXPIRED', async () => {
    const held = await makeRipe(orders.service);
    const request = renewal(held);
    const { notAfter } = parseCertificate(held.certificate);
    service.advance(notAfter + 1 - service.now());
    expect(await codeOf(request)).toBe('CERTIFICATE_EXPIRED');
  });
});

const authority = (): string => service.authorities.describe().find(({ kind }) => kind === 'ldevid')?.id ?? '';

/** Until somebody waits for a row that another transaction holds. */
async function waitingForLock(): Promise<void> {
  for (;;) {
    const rows = await service.seatDb.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' LIMIT 1`,
    );
    if (rows.length > 0) return;
  }
}
