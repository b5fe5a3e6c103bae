import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import * as peculiar from '@peculiar/x509';
import { equalBytes, Oid, toHex } from '@touchmark/der';
import {
  encodePem,
  parseAuthorityKeyIdentifier,
  parseCertificate,
  parseCertificateList,
  parseCRLDistributionPoints,
  parseCRLNumber,
  parseIssuingDistributionPoint,
  type ReasonCode,
  revokedCertificates,
  verifySignature,
} from '@touchmark/x509';
import * as fc from 'fast-check';
import * as pkijs from 'pkijs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type CertificateListContent, encodeCertificateList } from './certificate-list.js';
import type { RevokedColumns, RevokedEntry } from './revoked-entries.js';
import { ecKey, NOW, PUBLICATION_POINTS, type SpecHierarchy, specHierarchy, memorySigner } from './spec-authorities.js';
import { specCertificate } from './spec-certificates.js';

const DAY = 86_400;
const REASONS = [
  ['unspecified', 0],
  ['keyCompromise', 1],
  ['cACompromise', 2],
  ['affiliationChanged', 3],
  ['superseded', 4],
  ['cessationOfOperation', 5],
  ['certificateHold', 6],
  ['privilegeWithdrawn', 9],
  ['aACompromise', 10],
] as const satisfies readonly (readonly [ReasonCode, number])[];

let hierarchy: SpecHierarchy;
let folder: string;
beforeAll(async () => {
  hierarchy = await specHierarchy();
  folder = mkdtempSync(join(tmpdir(), 'crl-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function content(revoked: CertificateListContent['revoked']): CertificateListContent {
  return {
    issuer: hierarchy.issuers.ldevid,
    cRLNumber: 17n,
    thisUpdate: NOW,
    nextUpdate: NOW + DAY,
    distributionPoint: PUBLICATION_POINTS.crl,
    revoked,
  };
}

function serial(n: number): Uint8Array {
  return Uint8Array.of(0x54, 0, 0, 0, 17, 0, 0, n, 0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4);
}

describe('encodeCertificateList', () => {
  it('has no revokedCertificates where nothing is revoked', async () => {
    const der = await encodeCertificateList(content([]));
    const list = parseCertificateList(der);
    expect([...revokedCertificates(list)]).toEqual([]);
    const text = opensslText(der);
    expect(text).toContain('No Revoked Certificates.');
    expect(text).toContain('Version 2');
  });

  it('says who signed it, its number, and the URI that stands in the certificates', async () => {
    const { ldevid } = hierarchy.issuers;
    const list = parseCertificateList(await encodeCertificateList(content([])));
    expect(equalBytes(list.issuer, ldevid.certificate.subject)).toBe(true);
    expect([list.thisUpdate, list.nextUpdate]).toEqual([NOW, NOW + DAY]);
    const value = (oid: string) => list.extensions.get(oid)?.value ?? new Uint8Array();
    expect(parseAuthorityKeyIdentifier(value(Oid.authorityKeyIdentifier)).keyIdentifier).toEqual(ldevid.keyIdentifier);
    expect(parseCRLNumber(value(Oid.cRLNumber))).toBe(17n);
    const critical = [...list.extensions].filter(([, extension]) => extension.critical).map(([oid]) => oid);
    expect(critical).toEqual([Oid.issuingDistributionPoint]);

    const leaf = parseCertificate((await specCertificate(ldevid, 'ldevid', device(1))).certificate);
    const point = leaf.extensions.get(Oid.cRLDistributionPoints)?.value ?? new Uint8Array();
    const scope = parseIssuingDistributionPoint(value(Oid.issuingDistributionPoint));
    expect(scope.distributionPoint).toEqual(parseCRLDistributionPoints(point)[0]?.distributionPoint);
    expect([scope.onlyContainsUserCerts, scope.onlySomeReasons, scope.indirectCRL]).toEqual([false, undefined, false]);
  });

  const entry = fc.record(
    {
      serialNumber: fc
        .uint8Array({ minLength: 1, maxLength: 20 })
        .map((octets) => (octets.every((octet) => octet === 0) ? Uint8Array.of(1) : octets)),
      revocationDate: fc.integer({ min: 0, max: 4_102_444_800 }),
      reasonCode: fc.constantFrom(...REASONS.map(([name]) => name)),
      invalidityDate: fc.integer({ min: 0, max: 4_102_444_800 }),
    },
    { requiredKeys: ['serialNumber', 'revocationDate'] },
  );
  it('says of every entry what it was given, whatever the reason, date and serialNumber', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 40 }), async (entries) => {
        const der = await encodeCertificateList(content(entries));
        const list = parseCertificateList(der);
        const expected = entries.map((one) => ({
          serialNumber: minimalHex(one.serialNumber),
          revocationDate: one.revocationDate,
          reasonCode: one.reasonCode === 'unspecified' ? undefined : one.reasonCode,
          invalidityDate: one.invalidityDate,
        }));
        const ours = [...revokedCertificates(list)].map((one) => ({
          serialNumber: minimalHex(one.serialNumber),
          revocationDate: one.revocationDate,
          reasonCode: one.reasonCode,
          invalidityDate: one.invalidityDate,
        }));
        expect(ours).toEqual(expected);
        expect(readByPkijs(der)).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it('is verified by the key of its issuer, also by @peculiar/x509', async () => {
    const { ldevid } = hierarchy.issuers;
    const der = await encodeCertificateList(content([{ serialNumber: serial(1), revocationDate: NOW - 5 }]));
    const list = parseCertificateList(der);
    const check = { algorithm: list.signatureAlgorithm, subjectPublicKeyInfo: ldevid.certificate.subjectPublicKeyInfo };
    expect(verifySignature({ ...check, data: list.tbsCertList, signature: list.signature })).toBe(true);
    const crl = new peculiar.X509Crl(new Uint8Array(der));
    expect(await crl.verify({ publicKey: new peculiar.PublicKey(new Uint8Array(check.subjectPublicKeyInfo)) })).toBe(
      true,
    );
    expect(crl.entries.map((one) => one.serialNumber)).toEqual([toHex(serial(1))]);
  });

  it('makes openssl refuse the revoked certificate and accept its neighbour, within its own list only', async () => {
    const { ldevid } = hierarchy.issuers;
    const good = await specCertificate(ldevid, 'ldevid', device(1), { serial: 1 });
    const bad = await specCertificate(ldevid, 'ldevid', device(2), { serial: 2 });
    const revoked = [{ serialNumber: bad.serialNumber, revocationDate: NOW - 5, reasonCode: 'keyCompromise' as const }];
    const list = await encodeCertificateList(content(revoked));
    const foreign = await encodeCertificateList({
      ...content([]),
      distributionPoint: 'http://pki.example.com/other.crl',
    });
    expect(opensslVerify(good.certificate, list)).toContain(': OK');
    expect(opensslVerify(bad.certificate, list)).toContain('certificate revoked');
    expect(opensslVerify(good.certificate, foreign)).toContain('different CRL scope');
    const crl = join(folder, 'one.crl');
    const ca = join(folder, 'crl-ca.pem');
    writeFileSync(crl, list);
    writeFileSync(ca, encodePem('CERTIFICATE', ldevid.certificate.der));
    const args = ['crl', '-in', crl, '-inform', 'DER', '-CAfile', ca, '-noout', '-text'];
    const text = execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] }).toString();
    expect(text).toMatch(/X509v3 Issuing Distribution Point: critical/);
    expect(text).toContain('Key Compromise');
  });

  it('writes the same octets from columns as from entries', async () => {
    const count = 300;
    const columns: RevokedColumns = {
      serialNumbers: Buffer.concat(Array.from({ length: count }, (_, n) => serial(n % 256))),
      serialNumberLength: 16,
      revocationDates: Float64Array.from({ length: count }, (_, n) => NOW - n * 9973),
      reasonCodes: Uint8Array.from({ length: count }, (_, n) => REASONS[n % REASONS.length]?.[1] ?? 0),
      invalidityDates: Float64Array.from({ length: count }, (_, n) => (n % 3 === 0 ? NOW - n : Number.NaN)),
    };
    const entries = Array.from({ length: count }, (_, n): RevokedEntry => {
      const base = { serialNumber: serial(n % 256), revocationDate: NOW - n * 9973 };
      const reasonCode = REASONS[n % REASONS.length]?.[0] ?? 'unspecified';
      return n % 3 === 0 ? { ...base, reasonCode, invalidityDate: NOW - n } : { ...base, reasonCode };
    });
    const [a, b] = await Promise.all([
      encodeCertificateList(content(columns)),
      encodeCertificateList(content(entries)),
    ]);
    expect(toHex(parseCertificateList(a).tbsCertList)).toBe(toHex(parseCertificateList(b).tbsCertList));
  });

  it('grows past its first array', async () => {
    const list = parseCertificateList(await encodeCertificateList(content(many())));
    expect([...revokedCertificates(list)]).toHaveLength(5000);
  });

  it('refuses what no complete CRL can say', async () => {
    const date = NOW;
    const wrong: CertificateListContent[] = [
      content([{ serialNumber: serial(1), revocationDate: date, reasonCode: 'removeFromCRL' }]),
      content([{ serialNumber: Uint8Array.of(0), revocationDate: date }]),
      content([{ serialNumber: new Uint8Array(21).fill(1), revocationDate: date }]),
      content([{ serialNumber: serial(1), revocationDate: Number.NaN }]),
      content({
        serialNumbers: serial(1),
        serialNumberLength: 16,
        revocationDates: Float64Array.of(date),
        reasonCodes: Uint8Array.of(7),
      }),
      content({
        serialNumbers: serial(1),
        serialNumberLength: 16,
        revocationDates: Float64Array.of(date, date),
        reasonCodes: Uint8Array.of(1, 1),
      }),
      { ...content([]), nextUpdate: NOW },
      { ...content([]), cRLNumber: -1n },
    ];
    for (const one of wrong) await expect(encodeCertificateList(one)).rejects.toThrow(TypeError);
  });

  it('releases no list that the key of another signed', async () => {
    const { ldevid } = hierarchy.issuers;
    const issuer = { ...ldevid, signer: memorySigner(ecKey('P-256')) };
    await expect(encodeCertificateList({ ...content([]), issuer })).rejects.toMatchObject({ code: 'SIGNING_FAILED' });
  });
});

function* many(): Generator<RevokedEntry> {
  for (let n = 0; n < 5000; n++) {
    yield { serialNumber: Uint8Array.of(1, n >> 8, n & 0xff), revocationDate: NOW, reasonCode: 'superseded' };
  }
}

function device(n: number) {
  return { realm: 'devices.local', model: 'm-1', deviceSerial: `SN-${n}` };
}

function minimalHex(octets: Uint8Array): string {
  return BigInt(`0x${toHex(octets)}`).toString(16);
}

function readByPkijs(der: Uint8Array) {
  const reasons = new Map<number, ReasonCode>(REASONS.map(([name, number]) => [number, name]));
  const crl = pkijs.CertificateRevocationList.fromBER(new Uint8Array(der));
  return (crl.revokedCertificates ?? []).map((one) => {
    const extension = (oid: string) =>
      one.crlEntryExtensions?.extensions.find(({ extnID }) => extnID === oid)?.parsedValue;
    const reason: unknown = extension(Oid.reasonCode)?.valueBlock?.valueDec;
    const invalidity: unknown = extension(Oid.invalidityDate)?.toDate?.();
    return {
      serialNumber: minimalHex(new Uint8Array(one.userCertificate.valueBlock.valueHexView)),
      revocationDate: one.revocationDate.value.getTime() / 1000,
      reasonCode: typeof reason === 'number' ? reasons.get(reason) : undefined,
      invalidityDate: invalidity instanceof Date ? invalidity.getTime() / 1000 : undefined,
    };
  });
}

function opensslText(der: Uint8Array): string {
  return execFileSync('openssl', ['crl', '-inform', 'DER', '-noout', '-text'], { input: der }).toString();
}

function pemFile(name: string, label: 'CERTIFICATE' | 'X509 CRL', der: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, encodePem(label, der));
  return path;
}

// The verdict goes to stderr, with an exit code that is not asked for here.
function opensslVerify(leaf: Uint8Array, list: Uint8Array): string {
  const args = [
    '-CAfile',
    pemFile('root.pem', 'CERTIFICATE', hierarchy.root),
    '-untrusted',
    pemFile('ca.pem', 'CERTIFICATE', hierarchy.issuers.ldevid.certificate.der),
    '-CRLfile',
    pemFile('list.pem', 'X509 CRL', list),
    '-crl_check',
    '-attime',
    String(NOW + 1),
    pemFile('leaf.pem', 'CERTIFICATE', leaf),
  ];
  return execFileSync('sh', ['-c', 'openssl verify "$@" 2>&1 || true', 'sh', ...args]).toString();
}
