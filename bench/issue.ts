import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign, verify } from 'node:crypto';

import { encodeBitString, encodeExplicit, encodeSequence, encodeSmallInteger } from '@touchmark/der';
import {
  type CertificateTemplate,
  checkCertificationRequest,
  checkRequestedNames,
  compileTemplate,
  encodeCertificateNames,
  profileByName,
  signCertificate,
  type SignedCertificate,
  validityFor,
} from '@touchmark/issuance';
import { encodeSerialNumber, SERIAL_NUMBER_RANDOM_LENGTH } from '@touchmark/status-list';
import { encodeSignatureAlgorithm, parseCertificationRequest } from '@touchmark/x509';

import { benchIssuer } from './bench-authority.js';
import { report } from './report.js';

const REQUESTS = 512;
const WARM_UP_ROUNDS = 4;
const ROUNDS = 25;
const EMPTY_NAME = encodeSequence();

interface DeviceRequest {
  readonly csr: Uint8Array;
  readonly deviceSerial: string;
}

/** What the limit works on: the same requests, cut up before the clock starts. */
interface BareRequest {
  readonly info: Uint8Array;
  readonly signature: Uint8Array;
  readonly spki: Buffer;
}

/**
 * Row `issue` of the table in docs/performance.md: one thread, CSR bytes in, stored-ready certificate bytes out. The limit is
 * the cryptography alone, on the same requests: import the key, verify the request, sign, verify the own signature. Rounds of
 * both alternate, so that a noisy machine disturbs both alike; each round's ratio is taken, and the median of these.
 */
export async function run(): Promise<void> {
  const now = Math.floor(Date.now() / 1000);
  const issuer = await benchIssuer('idevid', now);
  const template = compileTemplate({
    profile: profileByName('idevid'),
    issuer,
    publicationPoints: {
      crl: 'http://pki.example.com:8080/crl/17.crl',
      ocsp: 'http://pki.example.com:8080/ocsp',
      caIssuers: 'http://pki.example.com:8080/ca/1.cer',
    },
  });
  const requests = Array.from({ length: REQUESTS }, (_, n) => deviceRequest(n));
  const bare = requests.map(({ csr }) => bareRequest(csr));
  const bareKey = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const tbs = randomBytes(620);

  const ratios: number[] = [];
  const ours: number[] = [];
  const limits: number[] = [];
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    const limit = rate(() => {
      for (const request of bare) bareIssue(request, bareKey, tbs);
    });
    const own = rate(() => {
      // One call to the CSPRNG serves a leased block of seats.
      const random = randomBytes(REQUESTS * SERIAL_NUMBER_RANDOM_LENGTH);
      for (const [index, request] of requests.entries()) {
        const from = index * SERIAL_NUMBER_RANDOM_LENGTH;
        issue(template, request, { index, random: random.subarray(from, from + SERIAL_NUMBER_RANDOM_LENGTH) }, now);
      }
    });
    if (round < 0) continue;
    ratios.push(own / limit);
    ours.push(own);
    limits.push(limit);
  }
  report({
    bench: 'issue',
    value: median(ours),
    unit: 'certificates/s',
    limit: median(limits),
    ratio: median(ratios),
  });
}

function issue(
  template: CertificateTemplate,
  request: DeviceRequest,
  seat: { index: number; random: Uint8Array },
  now: number,
): void {
  const { profile, issuer } = template;
  const checked = checkCertificationRequest(request.csr, profile);
  const names = encodeCertificateNames(profile, {
    realm: 'devices.local',
    organization: 'Example Devices',
    model: 'sensor-one',
    deviceSerial: request.deviceSerial,
    hwType: '2.25.329800735698586629295641978511506172918',
  });
  checkRequestedNames(checked.request, names);
  const signed = signCertificate({
    template,
    request: checked,
    names,
    validity: validityFor(profile, issuer.certificate, now),
    serialNumber: encodeSerialNumber({ listId: 17, ...seat }),
    now,
  });
  if (!isReady(signed)) throw new Error('the signer of this bench answers at once');
}

function isReady(signed: SignedCertificate | Promise<SignedCertificate>): signed is SignedCertificate {
  return !(signed instanceof Promise);
}

function bareIssue(
  request: BareRequest,
  issuer: { privateKey: KeyObject; publicKey: KeyObject },
  tbs: Uint8Array,
): void {
  const key = createPublicKey({ key: request.spki, format: 'der', type: 'spki' });
  const valid = verify('sha256', request.info, key, request.signature);
  const signature = sign('sha256', tbs, issuer.privateKey);
  if (!valid || !verify('sha256', tbs, issuer.publicKey, signature)) throw new Error('the limit failed');
}

function deviceRequest(n: number): DeviceRequest {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }));
  const info = encodeSequence(encodeSmallInteger(0), EMPTY_NAME, spki, encodeExplicit(0));
  const signature = sign('sha256', info, privateKey);
  return {
    csr: encodeSequence(info, encodeSignatureAlgorithm('ecdsaWithSHA256'), encodeBitString(signature)),
    deviceSerial: `SN-${String(n).padStart(8, '0')}`,
  };
}

function bareRequest(csr: Uint8Array): BareRequest {
  const { certificationRequestInfo, signature, subjectPublicKeyInfo } = parseCertificationRequest(csr);
  return { info: certificationRequestInfo, signature, spki: Buffer.from(subjectPublicKeyInfo) };
}

function rate(work: () => void): number {
  const start = process.hrtime.bigint();
  work();
  return (REQUESTS * 1e9) / Number(process.hrtime.bigint() - start);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
