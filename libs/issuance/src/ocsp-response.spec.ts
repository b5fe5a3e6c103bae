import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { toHex } from '@touchmark/der';
import {
  encodePem,
  keyHashSha1,
  parseOcspRequest,
  parseOcspResponse,
  parseSubjectPublicKeyInfo,
  type ReasonCode,
  verifySignature,
} from '@touchmark/x509';
import * as pkijs from 'pkijs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  encodeOcspError,
  encodeOcspResponse,
  loadOcspResponder,
  type OcspCertStatus,
  type OcspResponder,
} from './ocsp-response.js';
import { ecKey, memorySigner, NOW, type SpecHierarchy, specHierarchy, spkiOf } from './spec-authorities.js';
import { specCertificate, type SpecCertificate } from './spec-certificates.js';

const HOUR = 3600;

let hierarchy: SpecHierarchy;
let folder: string;
let device: SpecCertificate;
let delegate: SpecCertificate;
let responder: OcspResponder;

beforeAll(async () => {
  hierarchy = await specHierarchy();
  folder = mkdtempSync(join(tmpdir(), 'ocsp-'));
  const { ldevid } = hierarchy.issuers;
  device = await specCertificate(ldevid, 'ldevid', { realm: 'devices.local', model: 'm-1', deviceSerial: 'SN-1' });
  delegate = await specCertificate(ldevid, 'ocsp-signer', { name: 'LDevID OCSP 1' }, { serial: 2 });
  responder = loadOcspResponder(memorySigner(delegate.privateKey), delegate.certificate);
  file('ca.pem', encodePem('CERTIFICATE', ldevid.certificate.der));
  file('root.pem', encodePem('CERTIFICATE', hierarchy.root));
  file('device.pem', encodePem('CERTIFICATE', device.certificate));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function file(name: string, contents?: string | Uint8Array): string {
  const path = join(folder, name);
  if (contents !== undefined) writeFileSync(path, contents);
  return path;
}

function opensslRequest(...options: string[]): Uint8Array {
  const args = ['-issuer', file('ca.pem'), ...options, '-cert', file('device.pem'), '-reqout', file('request.der')];
  execFileSync('openssl', ['ocsp', ...args], { stdio: 'pipe' });
  return new Uint8Array(readFileSync(file('request.der')));
}

// Its verdict goes to stderr, with an exit code that is not asked for here.
function openssl(response: Uint8Array, ...args: string[]): string {
  const trust = ['-CAfile', file('root.pem'), '-verify_other', file('ca.pem'), '-attime', String(NOW + 60)];
  const all = ['ocsp', '-no_nonce', ...args, '-respin', file('response.der', response), ...trust];
  return execFileSync('sh', ['-c', 'openssl "$@" 2>&1 || true', 'sh', ...all]).toString();
}

function opensslReads(response: Uint8Array, ...options: string[]): string {
  const ask = ['-issuer', file('ca.pem'), ...options, '-cert', file('device.pem')];
  return openssl(response, ...ask, '-validity_period', '999999999');
}

// With -reqin alone, and no -cert, openssl compares the nonces; without -no_nonce it would replace the one it reads.
function opensslComparesNonces(response: Uint8Array): string {
  return openssl(response, '-reqin', file('request.der'));
}

async function answer(request: Uint8Array, certStatus: OcspCertStatus): Promise<Uint8Array> {
  const { requestList, nonce } = parseOcspRequest(request);
  return encodeOcspResponse(responder, {
    producedAt: NOW,
    responses: requestList.map(({ der }) => ({
      certId: der,
      certStatus,
      thisUpdate: NOW - HOUR,
      nextUpdate: NOW + HOUR,
    })),
    ...(nonce === undefined ? {} : { nonce }),
  });
}

const revoked = (revocationReason?: ReasonCode): OcspCertStatus => ({
  status: 'revoked',
  revocationTime: NOW - 60,
  ...(revocationReason === undefined ? {} : { revocationReason }),
});

describe('encodeOcspResponse', () => {
  const statuses = [
    ['good', { status: 'good' }, ': good'],
    ['unknown', { status: 'unknown' }, ': unknown'],
    ['revoked without a reason', revoked(), ': revoked'],
    ['revoked as unspecified', revoked('unspecified'), ': revoked'],
    ['revoked, keyCompromise', revoked('keyCompromise'), 'Reason: keyCompromise'],
    ['revoked, certificateHold', revoked('certificateHold'), 'Reason: certificateHold'],
    ['revoked, aACompromise', revoked('aACompromise'), ': revoked'],
  ] as const satisfies readonly (readonly [string, OcspCertStatus, string])[];

  it.each(statuses)('says %s to openssl, which trusts the delegated signer', async (_, certStatus, expected) => {
    for (const options of [[], ['-no_nonce'], ['-sha256'], ['-sha256', '-no_nonce']]) {
      const response = await answer(opensslRequest(...options), certStatus);
      expect(opensslComparesNonces(response)).toContain('Response verify OK');
      const output = opensslReads(response, ...options);
      expect(output).toContain('Response verify OK');
      expect(output).toContain(expected);
      expect(output).not.toContain('WARNING');
    }
  });

  it.each(statuses)('says %s to our reader, with CertID and nonce as they were asked', async (_, certStatus) => {
    const request = opensslRequest('-sha256');
    const response = parseOcspResponse(await answer(request, certStatus));
    if (response.responseStatus !== 'successful') throw new Error(response.responseStatus);
    const { basic } = response;
    const asked = parseOcspRequest(request);
    const [single] = basic.responses;
    expect(toHex(single?.certId.der ?? new Uint8Array())).toBe(toHex(asked.requestList[0]?.der ?? new Uint8Array(1)));
    const expected =
      certStatus.status === 'revoked'
        ? {
            ...certStatus,
            revocationReason: certStatus.revocationReason === 'unspecified' ? undefined : certStatus.revocationReason,
          }
        : certStatus;
    expect(single?.certStatus).toEqual(expected);
    expect([single?.thisUpdate, single?.nextUpdate, basic.producedAt]).toEqual([NOW - HOUR, NOW + HOUR, NOW]);
    expect([...basic.responseExtensions.values()].map(({ value }) => value)).toEqual([asked.nonce]);
    const spki = parseSubjectPublicKeyInfo(spkiOf(delegate.privateKey));
    expect(basic.responderId).toEqual({ byKey: keyHashSha1(spki) });
    expect(basic.certs.map(toHex)).toEqual([toHex(delegate.certificate)]);
    const check = { algorithm: basic.signatureAlgorithm, data: basic.tbsResponseData, signature: basic.signature };
    expect(verifySignature({ ...check, subjectPublicKeyInfo: spki })).toBe(true);
  });

  it('is refused by openssl with another nonce than was asked for', async () => {
    const request = opensslRequest();
    const { nonce } = parseOcspRequest(request);
    expect(nonce).toHaveLength(18);
    const [asked] = parseOcspRequest(request).requestList;
    const der = await encodeOcspResponse(responder, {
      producedAt: NOW,
      responses: [
        {
          certId: asked?.der ?? new Uint8Array(),
          certStatus: { status: 'good' },
          thisUpdate: NOW,
          nextUpdate: NOW + HOUR,
        },
      ],
      nonce: nonce?.map((octet, at) => (at < 2 ? octet : octet ^ 1)) ?? new Uint8Array(),
    });
    expect(opensslComparesNonces(der)).toContain('Nonce Verify error');
  });

  it('is read by pkijs, which finds the certificate and the signer', async () => {
    const der = await answer(opensslRequest('-no_nonce'), revoked('superseded'));
    const response = pkijs.OCSPResponse.fromBER(new Uint8Array(der));
    const certificate = pkijs.Certificate.fromBER(new Uint8Array(device.certificate));
    const issuer = pkijs.Certificate.fromBER(new Uint8Array(hierarchy.issuers.ldevid.certificate.der));
    // 0 good, 1 revoked, 2 unknown.
    expect(await response.getCertificateStatus(certificate, issuer)).toEqual({ isForCertificate: true, status: 1 });
  });

  it('answers for several certificates in one response, and without a nonce has no extensions', async () => {
    const [asked] = parseOcspRequest(opensslRequest('-no_nonce')).requestList;
    const certId = asked?.der ?? new Uint8Array();
    const single = { certId, thisUpdate: NOW, nextUpdate: NOW + HOUR };
    const der = await encodeOcspResponse(responder, {
      producedAt: NOW,
      responses: [
        { ...single, certStatus: { status: 'good' } },
        { ...single, certStatus: { status: 'unknown' } },
      ],
    });
    const response = parseOcspResponse(der);
    if (response.responseStatus !== 'successful') throw new Error(response.responseStatus);
    expect(response.basic.responses.map(({ certStatus }) => certStatus.status)).toEqual(['good', 'unknown']);
    expect(response.basic.responseExtensions.size).toBe(0);
  });

  it('answers with the key of the CA itself, without certs', async () => {
    const own = loadOcspResponder(hierarchy.issuers.ldevid.signer);
    const request = parseOcspRequest(opensslRequest('-no_nonce'));
    const der = await encodeOcspResponse(own, {
      producedAt: NOW,
      responses: request.requestList.map((certId) => ({
        certId: certId.der,
        certStatus: { status: 'good' },
        thisUpdate: NOW,
        nextUpdate: NOW + HOUR,
      })),
    });
    expect(opensslReads(der)).toContain('Response verify OK');
  });

  it('refuses to answer for nothing, with a foreign certificate, and when the signer fails', async () => {
    expect(() => encodeOcspResponse(responder, { producedAt: NOW, responses: [] })).toThrow(TypeError);
    expect(() => loadOcspResponder(memorySigner(ecKey('P-256')), delegate.certificate)).toThrow(TypeError);
    const failing = { ...responder, signer: { ...responder.signer, sign: () => Promise.reject(new Error('locked')) } };
    const responses = [
      { certId: Uint8Array.of(0x30, 0), certStatus: { status: 'good' }, thisUpdate: NOW, nextUpdate: NOW + 1 },
    ] as const;
    await expect(encodeOcspResponse(failing, { producedAt: NOW, responses })).rejects.toMatchObject({
      code: 'SIGNING_FAILED',
    });
  });
});

describe('encodeOcspError', () => {
  it.each([
    ['malformedRequest', '30030a0101'],
    ['internalError', '30030a0102'],
    ['tryLater', '30030a0103'],
    ['sigRequired', '30030a0105'],
    ['unauthorized', '30030a0106'],
  ] as const)('encodes %s as five octets that our reader understands', (status, hex) => {
    expect(toHex(encodeOcspError(status))).toBe(hex);
    expect(parseOcspResponse(encodeOcspError(status))).toEqual({ responseStatus: status });
  });
});
