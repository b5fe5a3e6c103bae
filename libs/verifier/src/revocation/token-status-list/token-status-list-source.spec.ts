import { sign } from 'node:crypto';
import { deflateSync } from 'node:zlib';

import { Oid } from '@touchmark/der';
import { encodeSerialNumber, encodeTokenStatusList, LIST_SIZE, SeatBitmap, SeatValue } from '@touchmark/status-list';
import {
  generateTestKey,
  TEST_NOW,
  TestCa,
  type TestCertificate,
  type TestCertificateOptions,
} from '@touchmark/testkit';
import { encodeExtension, encodeNoRevAvail } from '@touchmark/x509';
import { describe, expect, it } from 'vitest';

import { verifyPath } from '../../path/verify-path.js';
import type { RevocationPolicy } from '../revocation-source.js';
import { TokenStatusListSource, type TokenStatusListSourceOptions } from './token-status-list-source.js';

const REALM = 'devices.test';
const PUBLIC_URL = 'http://status.test';
const DEVICES = 5;
const SERVICES = 6;
const SIGNER_INDEX = 2;

const root = TestCa.root({ subject: 'Root' });
const ldevid = root.issueCa({ subject: 'LDevID' });
const infrastructure = root.issueCa({ subject: 'Infrastructure' });

function seated(listId: number, index: number): Uint8Array {
  return encodeSerialNumber({ listId, index, random: new Uint8Array(8).fill(7) });
}

function statusKey(options: TestCertificateOptions = {}, issuer = infrastructure): TestCertificate {
  return issuer.issue({
    serialNumber: seated(SERVICES, SIGNER_INDEX),
    extKeyUsage: null,
    subjectAltName: [{ kind: 'uniformResourceIdentifier', value: `spiffe://${REALM}/status/one` }],
    ...options,
  });
}

const signer = statusKey();
const leaf = ldevid.issue({ serialNumber: seated(DEVICES, 9) });

type Members = Readonly<Record<string, unknown>>;

interface TokenOptions {
  readonly listId?: number;
  readonly values?: readonly (readonly [index: number, value: SeatValue])[];
  readonly size?: number;
  readonly by?: TestCertificate;
  readonly header?: Members;
  readonly claims?: Members;
  readonly list?: Members;
}

const text = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function sealed(header: string, payload: string, by: TestCertificate): string {
  const key = { key: by.key.privateKey, dsaEncoding: 'ieee-p1363' } as const;
  return `${header}.${payload}.${sign('sha256', Buffer.from(`${header}.${payload}`), key).toString('base64url')}`;
}

function token({
  listId = DEVICES,
  values = [],
  size = 64,
  by = signer,
  header,
  claims,
  list,
}: TokenOptions = {}): string {
  const seats = new SeatBitmap();
  for (const [index, value] of values) seats.set(index, value);
  const head = {
    alg: 'ES256',
    typ: 'statuslist+jwt',
    kid: 'any',
    x5c: [by.der, infrastructure.der].map((der) => Buffer.from(der).toString('base64')),
    ...header,
  };
  const lst = Buffer.from(encodeTokenStatusList(seats, size)).toString('base64url');
  const payload = {
    sub: `${PUBLIC_URL}/status-lists/${listId}`,
    iat: TEST_NOW - 60,
    exp: TEST_NOW + 86_340,
    ttl: 300,
    status_list: { bits: 2, lst, ...list },
    ...claims,
  };
  return sealed(text(head), text(payload), by);
}

const services = token({ listId: SERVICES });

function sourceOf(options: Partial<TokenStatusListSourceOptions> = {}): TokenStatusListSource {
  return new TokenStatusListSource({
    publicUrl: PUBLIC_URL,
    realm: REALM,
    signerIssuers: [infrastructure.der],
    trustAnchors: [root.der],
    ...options,
  });
}

function sourceWith(...tokens: readonly string[]): TokenStatusListSource {
  const source = sourceOf();
  for (const jwt of tokens) expect(source.add(jwt)).toMatchObject({ ok: true });
  return source;
}

interface JudgeOptions {
  readonly at?: number;
  readonly der?: Uint8Array;
  readonly anchor?: TestCa;
  readonly policy?: Partial<RevocationPolicy>;
}

function judge(
  source: TokenStatusListSource,
  { at = TEST_NOW, der = leaf.der, anchor = root, policy = {} }: JudgeOptions = {},
): string {
  const result = verifyPath({
    chain: [der],
    trustAnchors: [anchor.certificate],
    intermediates: [ldevid.certificate],
    at,
    purpose: 'client',
    requireExtKeyUsage: true,
    revocation: { sources: [source], scope: 'end-entity', ...policy },
  });
  if (result.ok) return 'accepted';
  const { detail } = result.error;
  return detail.code === 'STATUS_UNKNOWN' ? `${detail.because}: ${detail.why ?? '-'}` : detail.code;
}

describe('TokenStatusListSource', () => {
  it.each([
    ['accepted', SeatValue.valid],
    ['CERT_REVOKED', SeatValue.invalid],
    ['CERT_SUSPENDED', SeatValue.suspended],
  ])('%s at value %d', (outcome, value) => {
    expect(judge(sourceWith(token({ values: [[9, value]] }), services))).toBe(outcome);
  });

  it('says how the token was taken', () => {
    const source = sourceOf();
    expect(source.add(token())).toEqual({ ok: true, listId: DEVICES, ttl: 300 });
    expect(source.add(services)).toEqual({ ok: true, listId: SERVICES, ttl: 300 });
    expect(source.changes).toBe(2);
  });

  it('knows nothing of a list without token, a seat beyond the list, or a number that is no seat', () => {
    expect(judge(sourceWith(services))).toBe('absent: -');
    expect(judge(sourceWith(token({ size: 8 }), services))).toBe('absent: TOKEN_SEAT_BEYOND_LIST');
    const foreign = ldevid.issue({ serialNumber: Uint8Array.of(9) });
    expect(judge(sourceWith(token(), services), { der: foreign.der })).toBe('absent: -');
  });

  it('knows nothing below the anchors of others, whatever their numbers look like', () => {
    const vendor = TestCa.root({ subject: 'Vendor' });
    const { der } = vendor.issue({ serialNumber: seated(DEVICES, 9) });
    expect(judge(sourceWith(token(), services), { der, anchor: vendor })).toBe('absent: -');
  });

  it.each([
    ['accepted', TEST_NOW + 86_400],
    ['stale: TOKEN_STALE', TEST_NOW + 86_401],
    ['accepted', TEST_NOW - 120],
    ['absent: TOKEN_NOT_YET_VALID', TEST_NOW - 121],
  ])('%s at %d', (outcome, at) => {
    expect(judge(sourceWith(token(), services), { at })).toBe(outcome);
  });

  it('says invalid and suspended however old that is, valid only where the policy forgives age', () => {
    const at = TEST_NOW + 90_000;
    const policy = { whenStale: 'allow' } as const;
    expect(judge(sourceWith(token(), services), { at, policy })).toBe('accepted');
    expect(judge(sourceWith(token({ values: [[9, SeatValue.invalid]] }), services), { at, policy })).toBe(
      'CERT_REVOKED',
    );
  });

  it('ends with the signer’s certificate', () => {
    const short = statusKey({ notAfter: TEST_NOW + 10 });
    const source = sourceWith(token({ by: short }), services);
    expect([judge(source, { at: TEST_NOW + 70 }), judge(source, { at: TEST_NOW + 71 })]).toEqual([
      'accepted',
      'stale: TOKEN_STALE',
    ]);
  });

  it('needs the signer’s own seat to be known, fresh and valid', () => {
    expect(judge(sourceWith(token()))).toBe('unusable: TOKEN_SIGNER_STATUS_UNKNOWN');
    const old = token({ listId: SERVICES, claims: { iat: TEST_NOW - 900, exp: TEST_NOW - 300 } });
    expect(judge(sourceWith(token(), old))).toBe('stale: TOKEN_SIGNER_STATUS_UNKNOWN');
    expect(judge(sourceWith(token(), token({ listId: SERVICES, size: 0 })))).toBe(
      'unusable: TOKEN_SIGNER_STATUS_UNKNOWN',
    );
    const second = statusKey({ serialNumber: seated(SERVICES, 3) });
    for (const value of [SeatValue.invalid, SeatValue.suspended]) {
      const stolen = token({ listId: SERVICES, by: second, values: [[SIGNER_INDEX, value]] });
      expect(judge(sourceWith(token(), stolen))).toBe('unusable: TOKEN_SIGNER_REVOKED');
    }
    const seatless = statusKey({ serialNumber: Uint8Array.of(5) });
    expect(judge(sourceWith(token({ by: seatless }), services))).toBe('unusable: TOKEN_SIGNER_STATUS_UNKNOWN');
  });

  it('goes forward only', () => {
    const revoked = token({ values: [[9, SeatValue.invalid]], claims: { iat: TEST_NOW - 30 } });
    const source = sourceWith(revoked, services);
    expect(source.add(token())).toEqual({ ok: false, why: 'TOKEN_OLDER_THAN_KNOWN' });
    expect(source.add(token({ claims: { iat: TEST_NOW - 30 } }))).toEqual({ ok: false, why: 'TOKEN_OLDER_THAN_KNOWN' });
    expect(judge(source)).toBe('CERT_REVOKED');
    const sameSecond = sourceWith(token({ claims: { iat: TEST_NOW - 30 } }), revoked, services);
    expect(judge(sameSecond)).toBe('CERT_REVOKED');
    // Invalid is for ever; what was held may come back.
    expect(source.add(token({ claims: { iat: TEST_NOW - 29 } }))).toMatchObject({ ok: true });
    expect(judge(source)).toBe('CERT_REVOKED');
    const held = sourceWith(token({ values: [[9, SeatValue.suspended]] }), services);
    expect(judge(held)).toBe('CERT_SUSPENDED');
    expect(held.add(token({ claims: { iat: TEST_NOW - 29 } }))).toMatchObject({ ok: true });
    expect(judge(held)).toBe('accepted');
  });

  it('hears no more of a signer whose seat is lost, least of all about itself', () => {
    const two = statusKey({ serialNumber: seated(SERVICES, 3) });
    const lost = { ok: false, why: 'TOKEN_SIGNER_REVOKED' };
    const later = { iat: TEST_NOW - 30 };
    for (const value of [SeatValue.invalid, SeatValue.suspended]) {
      const news = token({ listId: SERVICES, by: two, values: [[SIGNER_INDEX, value]] });
      const source = sourceWith(token({ by: two, values: [[9, SeatValue.invalid]] }), news);
      expect(judge(source)).toBe('CERT_REVOKED');
      expect(source.add(token({ claims: later }))).toEqual(lost);
      expect(source.add(token({ listId: SERVICES, claims: later }))).toEqual(lost);
      expect(judge(source)).toBe('CERT_REVOKED');
      // The same, with the news behind what it is about.
      const late = sourceWith(token({ claims: later }), token({ listId: SERVICES, claims: later }));
      expect(judge(late)).toBe('accepted');
      expect(late.add(news)).toMatchObject({ ok: true });
      expect(judge(late, { policy: { whenStale: 'allow', whenUnknown: 'allow' } })).toBe(
        'unusable: TOKEN_SIGNER_REVOKED',
      );
      expect(late.add(token({ by: two }))).toMatchObject({ ok: true });
      expect(judge(late)).toBe('accepted');
    }
  });

  it('lets no token of tomorrow, nor of a signer who is lost, block those of today', () => {
    const two = statusKey({ serialNumber: seated(SERVICES, 3) });
    const ahead = { iat: TEST_NOW + 100_000, exp: TEST_NOW + 200_000 };
    const source = sourceWith(token(), services);
    expect(judge(source)).toBe('accepted');
    expect(source.add(token({ claims: ahead }))).toMatchObject({ ok: true });
    expect(judge(source)).toBe('accepted');
    expect(source.add(token({ values: [[9, SeatValue.suspended]], claims: { iat: TEST_NOW } }))).toMatchObject({
      ok: true,
    });
    expect(judge(source)).toBe('CERT_SUSPENDED');
    source.add(token({ listId: SERVICES, by: two, values: [[SIGNER_INDEX, SeatValue.invalid]] }));
    source.add(token({ by: two, claims: { iat: TEST_NOW - 30 } }));
    expect(judge(source)).toBe('accepted');
  });

  it('does not forgive as stale what is ahead, nor a signer who is lost', () => {
    const policy = { whenStale: 'allow' } as const;
    const ahead = token({ claims: { iat: TEST_NOW + 1000, exp: TEST_NOW + 2000 } });
    expect(judge(sourceWith(ahead, services), { policy })).toBe('absent: TOKEN_NOT_YET_VALID');
    const stolen = token({ listId: SERVICES, values: [[SIGNER_INDEX, SeatValue.invalid]] });
    const old = token({ claims: { iat: TEST_NOW - 900, exp: TEST_NOW - 800 } });
    expect(judge(sourceWith(old, stolen), { policy })).toBe('unusable: TOKEN_SIGNER_REVOKED');
    expect(judge(sourceWith(old, services), { policy })).toBe('accepted');
  });

  it('spares no seat by noRevAvail', () => {
    const extraExtensions = [encodeExtension(Oid.noRevAvail, false, encodeNoRevAvail())];
    const { der } = ldevid.issue({ serialNumber: seated(DEVICES, 9), extraExtensions });
    expect(judge(sourceWith(token({ values: [[9, SeatValue.invalid]] }), services), { der })).toBe('CERT_REVOKED');
    expect(judge(sourceOf(), { der })).toBe('absent: -');
  });

  it('keeps a bounded number of lists, and goes on with those', () => {
    const source = sourceOf({ maxLists: 1 });
    expect(source.add(token())).toMatchObject({ ok: true });
    expect(source.add(services)).toEqual({ ok: false, why: 'TOKEN_TOO_MANY_LISTS' });
    expect(source.add(token({ claims: { iat: TEST_NOW - 1 } }))).toMatchObject({ ok: true });
  });

  it.each<[string, Partial<TokenStatusListSourceOptions>]>([
    ['signerIssuers', { signerIssuers: [] }],
    ['trustAnchors', { trustAnchors: [] }],
    ['maxClockSkew', { maxClockSkew: Number.NaN }],
  ])('TypeError for %s that make no sense', (_name, options) => {
    expect(() => sourceOf(options)).toThrow(TypeError);
  });
});

const zlib = (octets: Uint8Array): string => deflateSync(octets).toString('base64url');

describe('TokenStatusListSource.add refuses', () => {
  const [header = '', payload = '', signature = ''] = token().split('.');
  const bounded = root.issueCa({ subject: 'Infrastructure', key: infrastructure.key, extKeyUsage: [Oid.clientAuth] });
  it.each<[string, string, string]>([
    ['nothing', 'TOKEN_MALFORMED', ''],
    ['two parts', 'TOKEN_MALFORMED', `${header}.${payload}`],
    ['four parts', 'TOKEN_MALFORMED', `${token()}.`],
    ['padding', 'TOKEN_MALFORMED', `${header}=.${payload}.${signature}`],
    ['base64 in the place of base64url', 'TOKEN_MALFORMED', `${header}+.${payload}.${signature}`],
    ['a header that is no object', 'TOKEN_MALFORMED', sealed(text([]), payload, signer)],
    [
      'a header that is not UTF-8',
      'TOKEN_MALFORMED',
      sealed(Buffer.of(0x7b, 0xff).toString('base64url'), payload, signer),
    ],
    ['more than a full list', 'TOKEN_TOO_LARGE', 'a'.repeat(524_289)],
    ['alg none', 'TOKEN_HEADER_REFUSED', token({ header: { alg: 'none' } })],
    ['alg HS256', 'TOKEN_HEADER_REFUSED', token({ header: { alg: 'HS256' } })],
    ['alg ES384', 'TOKEN_HEADER_REFUSED', token({ header: { alg: 'ES384' } })],
    ['another typ', 'TOKEN_HEADER_REFUSED', token({ header: { typ: 'at+jwt' } })],
    ['no typ', 'TOKEN_HEADER_REFUSED', token({ header: { typ: undefined } })],
    ['crit', 'TOKEN_HEADER_REFUSED', token({ header: { crit: ['b64'], b64: false } })],
    ['no x5c', 'TOKEN_HEADER_REFUSED', token({ header: { x5c: undefined } })],
    ['an empty x5c', 'TOKEN_HEADER_REFUSED', token({ header: { x5c: [] } })],
    ['x5c of numbers', 'TOKEN_HEADER_REFUSED', token({ header: { x5c: [1] } })],
    ['x5c in base64url', 'TOKEN_MALFORMED', token({ header: { x5c: [Buffer.of(0xfb, 0xff).toString('base64url')] } })],
    ['x5c that is no certificate', 'TOKEN_SIGNER_NOT_AUTHORIZED', token({ header: { x5c: ['AAAA'] } })],
    ['the key of a device', 'TOKEN_SIGNER_NOT_AUTHORIZED', token({ by: leaf })],
    ['a status key of another CA of ours', 'TOKEN_SIGNER_NOT_AUTHORIZED', token({ by: statusKey({}, ldevid) })],
    [
      'a status key of another CA of that name',
      'TOKEN_SIGNER_NOT_AUTHORIZED',
      token({ by: statusKey({}, TestCa.root({ subject: 'Infrastructure' })) }),
    ],
    [
      'a status key of another realm',
      'TOKEN_SIGNER_NOT_AUTHORIZED',
      token({
        by: statusKey({
          subjectAltName: [{ kind: 'uniformResourceIdentifier', value: 'spiffe://other.test/status/one' }],
        }),
      }),
    ],
    [
      'a status key with extKeyUsage',
      'TOKEN_SIGNER_NOT_AUTHORIZED',
      token({ by: statusKey({ extKeyUsage: [Oid.clientAuth] }) }),
    ],
    ['a status key without keyUsage', 'TOKEN_SIGNER_NOT_AUTHORIZED', token({ by: statusKey({ keyUsage: null }) })],
    [
      'a P-384 status key',
      'TOKEN_SIGNER_NOT_AUTHORIZED',
      token({ by: statusKey({ key: generateTestKey('EC P-384') }) }),
    ],
    ['the signature of another key', 'TOKEN_SIGNATURE_INVALID', sealed(header, payload, leaf)],
    [
      'a signature in DER',
      'TOKEN_SIGNATURE_INVALID',
      `${header}.${payload}.${sign('sha256', Buffer.from(`${header}.${payload}`), signer.key.privateKey).toString('base64url')}`,
    ],
    ['no signature', 'TOKEN_SIGNATURE_INVALID', `${header}.${payload}.`],
    ['a payload that is no JSON', 'TOKEN_MALFORMED', sealed(header, 'AAAA', signer)],
    [
      'a list of another service',
      'TOKEN_CLAIMS_REFUSED',
      token({ claims: { sub: 'http://other.test/status-lists/5' } }),
    ],
    [
      'a list id with a leading zero',
      'TOKEN_CLAIMS_REFUSED',
      token({ claims: { sub: `${PUBLIC_URL}/status-lists/05` } }),
    ],
    [
      'a list id beyond 31 bits',
      'TOKEN_CLAIMS_REFUSED',
      token({ claims: { sub: `${PUBLIC_URL}/status-lists/2147483648` } }),
    ],
    ['no sub', 'TOKEN_CLAIMS_REFUSED', token({ claims: { sub: undefined } })],
    ['no exp', 'TOKEN_CLAIMS_REFUSED', token({ claims: { exp: undefined } })],
    ['exp at iat', 'TOKEN_CLAIMS_REFUSED', token({ claims: { exp: TEST_NOW - 60 } })],
    ['iat as text', 'TOKEN_CLAIMS_REFUSED', token({ claims: { iat: '1' } })],
    ['a fraction of a second', 'TOKEN_CLAIMS_REFUSED', token({ claims: { iat: 1.5 } })],
    ['ttl of nothing', 'TOKEN_CLAIMS_REFUSED', token({ claims: { ttl: 0 } })],
    ['nbf', 'TOKEN_CLAIMS_REFUSED', token({ claims: { nbf: TEST_NOW } })],
    ['no status_list', 'TOKEN_CLAIMS_REFUSED', token({ claims: { status_list: undefined } })],
    ['bits 1', 'TOKEN_CLAIMS_REFUSED', token({ list: { bits: 1 } })],
    ['no lst', 'TOKEN_CLAIMS_REFUSED', token({ list: { lst: undefined } })],
    ['an lst that is no zlib stream', 'TOKEN_LIST_REFUSED', token({ list: { lst: 'AAAA' } })],
    ['value three', 'TOKEN_LIST_REFUSED', token({ list: { lst: zlib(Uint8Array.of(3)) } })],
    [
      'a list that inflates beyond all seats',
      'TOKEN_LIST_REFUSED',
      token({ list: { lst: zlib(new Uint8Array(LIST_SIZE)) } }),
    ],
  ])('%s: %s', (_name, why, jwt) => {
    expect(sourceOf().add(jwt)).toEqual({ ok: false, why });
  });

  it('a status key below a CA that is bounded to TLS', () => {
    expect(sourceOf({ signerIssuers: [bounded.der] }).add(token())).toEqual({
      ok: false,
      why: 'TOKEN_SIGNER_NOT_AUTHORIZED',
    });
  });

  it('any other octet in a token that was good', () => {
    const good = token();
    expect(sourceOf().add(good)).toMatchObject({ ok: true });
    for (let at = 0; at < good.length; at += 23) {
      const other = good[at] === 'A' ? 'B' : 'A';
      const { ok } = sourceOf().add(good.slice(0, at) + other + good.slice(at + 1));
      // What stands after the signer's certificate in x5c and in kid is signed as well.
      expect([at, ok]).toEqual([at, false]);
    }
  });
});
