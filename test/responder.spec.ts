import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import {
  contextTag,
  DerReader,
  encodeExplicit,
  encodeNull,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  encodeInteger,
  Oid,
  Tag,
} from '@touchmark/der';
import { encodeSerialNumber } from '@touchmark/status-list';
import type { TestCa, TestCertificate } from '@touchmark/testkit';
import { type BasicOcspResponse, encodeExtension, encodePem, parseOcspResponse } from '@touchmark/x509';
import { ocspRequestFor, OcspSource, verifyPath } from '@touchmark/verifier';
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { now, type RunningResponder, startResponder, TestAuthorityDatabase } from './fixture/responder.js';

const run = promisify(execFile);
const LIST = 7;
const OTHER_LIST = 8;

let database: TestAuthorityDatabase;
let running: RunningResponder;
let ldevid: TestCa;
let idevid: TestCa;
let folder: string;

beforeAll(async () => {
  database = await TestAuthorityDatabase.create(inject('databaseUrl'));
  ldevid = await database.addAuthority('ldevid-g1', 'ldevid');
  idevid = await database.addAuthority('idevid-g1', 'idevid');
  await database.openList(LIST, 'ldevid-g1', 4096);
  await database.openList(OTHER_LIST, 'idevid-g1', 4096);
  running = await startResponder(
    database.responderUrl,
    { renewOcspSigners: database.renewOcspSigners },
    { allowedLag: 2 },
  );
  folder = await mkdtemp(path.join(tmpdir(), 'touchmark-ocsp-'));
});

afterAll(async () => {
  await running?.close();
  await database?.close();
  await rm(folder, { recursive: true, force: true });
});

function certId(ca: TestCa, serialNumber: Uint8Array, algorithm: 'sha1' | 'sha256' = 'sha256'): Uint8Array {
  const digest = (data: Uint8Array): Uint8Array => createHash(algorithm).update(data).digest();
  const spki = new DerReader(ca.key.subjectPublicKeyInfo).read(Tag.SEQUENCE);
  spki.readElement();
  return encodeSequence(
    encodeSequence(encodeOid(Oid[algorithm]), encodeNull()),
    encodeOctetString(digest(ca.certificate.subject)),
    encodeOctetString(digest(spki.readBitString().bytes)),
    encodeInteger(serialNumber),
  );
}

function ocspRequest(certIds: readonly Uint8Array[], nonce?: Uint8Array): Uint8Array {
  const extensions = nonce
    ? [encodeExplicit(2, encodeSequence(encodeExtension(Oid.ocspNonce, false, encodeOctetString(nonce))))]
    : [];
  return encodeSequence(encodeSequence(encodeSequence(...certIds.map((id) => encodeSequence(id))), ...extensions));
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** The target goes out as it is, which `fetch` would not do. */
function http(
  method: string,
  target: string,
  options: { body?: Uint8Array; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { hostname, port } = new URL(running.url);
  return new Promise((resolve, reject) => {
    const headers = {
      ...(options.body && { 'Content-Type': 'application/ocsp-request', 'Content-Length': options.body.length }),
      ...options.headers,
    };
    const request = httpRequest({ hostname, port, method, path: target, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }),
      );
    });
    request.on('error', reject);
    request.end(options.body);
  });
}

const post = (der: Uint8Array): Promise<Answer> => http('POST', '/ocsp', { body: der });
const inPath = (der: Uint8Array): string => `/ocsp/${encodeURIComponent(Buffer.from(der).toString('base64'))}`;

function basicOf({ status, body }: Answer): BasicOcspResponse {
  expect(status).toBe(200);
  const response = parseOcspResponse(body);
  if (response.responseStatus !== 'successful') throw new Error(response.responseStatus);
  return response.basic;
}

const statusOf = (answer: Answer): string => {
  const response = parseOcspResponse(answer.body);
  if (response.responseStatus !== 'successful') return response.responseStatus;
  return response.basic.responses.map(({ certStatus }) => certStatus.status).join();
};

async function pem(name: string, label: string, der: Uint8Array): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, encodePem(label, der));
  return file;
}

/** What `openssl ocsp` prints; it must have verified the delegated signer against the issuing CA alone. */
async function opensslOcsp(ca: TestCa, leaf: TestCertificate, ...options: string[]): Promise<string> {
  const issuer = await pem('issuer.pem', 'CERTIFICATE', ca.der);
  const certificate = await pem('leaf.pem', 'CERTIFICATE', leaf.der);
  const args = [
    'ocsp',
    ...options,
    '-issuer',
    issuer,
    '-cert',
    certificate,
    '-url',
    `${running.url}/ocsp`,
    '-CAfile',
    issuer,
  ];
  const { stdout, stderr } = await run('openssl', args);
  expect(stderr).toContain('Response verify OK');
  return `${stdout}${stderr}`;
}

describe('openssl ocsp', () => {
  for (const options of [[], ['-no_nonce'], ['-sha256'], ['-sha256', '-no_nonce']]) {
    it(`reads good, revoked with its reason, and unknown (${options.join(' ') || 'SHA-1 and a nonce'})`, async () => {
      const index = 100 + [...options].length * 10 + (options.includes('-sha256') ? 5 : 0);
      const leaf = await database.issue(LIST, index, 'ldevid-g1');
      const good = await opensslOcsp(ldevid, leaf, ...options);
      expect(good).toContain('leaf.pem: good');
      expect(good).not.toContain('WARNING: no nonce in response');

      await database.revoke(LIST, [index], 1);
      await vi.waitFor(async () => {
        const revoked = await opensslOcsp(ldevid, leaf, ...options);
        expect(revoked).toContain('leaf.pem: revoked');
        expect(revoked).toContain('Reason: keyCompromise');
      });

      const never = ldevid.issue({ serialNumber: encodeSerialNumber({ listId: LIST, index, random: randomBytes(8) }) });
      expect(await opensslOcsp(ldevid, never, ...options)).toContain('leaf.pem: unknown');
    });
  }
});

describe('the verifier', () => {
  it('asks by ocspRequestFor, and believes what comes back: good, then revoked', async () => {
    const leaf = await database.issue(LIST, 190, 'ldevid-g1');
    const source = new OcspSource({ requireNonce: true });
    const judge = async (): Promise<unknown> => {
      const nonce = randomBytes(32);
      expect(source.add((await post(ocspRequestFor(leaf.der, ldevid.der, nonce))).body, { nonce })).toEqual({
        ok: true,
      });
      const result = verifyPath({
        chain: [leaf.der],
        trustAnchors: [ldevid.certificate],
        intermediates: [],
        at: now(),
        purpose: 'any',
        requireExtKeyUsage: false,
        revocation: { sources: [source] },
      });
      return result.ok ? 'accepted' : result.error.detail;
    };
    expect(await judge()).toBe('accepted');
    await database.revoke(LIST, [190], 1);
    await vi.waitFor(async () =>
      expect(await judge()).toMatchObject({ code: 'CERT_REVOKED', reason: 'keyCompromise' }),
    );
  });
});

describe('certStatus', () => {
  it('is unknown for the seat of another authority, an unknown list, a foreign serial and a seat beyond the lease', async () => {
    const leaf = await database.issue(OTHER_LIST, 1, 'idevid-g1');
    const ofOther = leaf.certificate.serialNumber;
    expect(statusOf(await post(ocspRequest([certId(idevid, ofOther)])))).toBe('good');
    expect(statusOf(await post(ocspRequest([certId(ldevid, ofOther)])))).toBe('unknown');
    const random = randomBytes(8);
    for (const seat of [
      { listId: 999, index: 1, random },
      { listId: LIST, index: 4096, random },
    ])
      expect(statusOf(await post(ocspRequest([certId(ldevid, encodeSerialNumber(seat))])))).toBe('unknown');
    expect(statusOf(await post(ocspRequest([certId(ldevid, Uint8Array.of(1))])))).toBe('unknown');
  });

  it('is good for a certificate issued into a block leased a moment ago, although it was unknown before', async () => {
    await database.openList(21, 'ldevid-g1', 0);
    const seat = { listId: 21, index: 0, random: randomBytes(8) };
    const asked = ocspRequest([certId(ldevid, encodeSerialNumber(seat))]);
    expect(statusOf(await post(asked))).toBe('unknown');
    await database.ca.transaction(async (tx) => {
      const { appendJournal, insertCertificates } = await import('@touchmark/store');
      await insertCertificates(tx, [{ ...seat, deviceRef: null, credentialId: null, der: new Uint8Array([0]) }]);
      await appendJournal(tx, [{ kind: 'block-leased', listId: 21, leasedTo: 4096 }]);
    });
    await vi.waitFor(async () => expect(statusOf(await post(asked))).toBe('good'));
  });

  it('is revoked with certificateHold while suspended, and good again after the release', async () => {
    const leaf = await database.issue(LIST, 30, 'ldevid-g1');
    const asked = ocspRequest([certId(ldevid, leaf.certificate.serialNumber)]);
    expect(statusOf(await post(asked))).toBe('good');
    await database.revoke(LIST, [30], 6, 2);
    await vi.waitFor(async () =>
      expect(basicOf(await post(asked)).responses[0]?.certStatus).toMatchObject({
        revocationReason: 'certificateHold',
      }),
    );
    await database.release(LIST, 30);
    await vi.waitFor(async () => expect(statusOf(await post(asked))).toBe('good'));
  });

  it('is answered for each of several certificates, in order; more than sixteen are malformed, two issuers unauthorized', async () => {
    const leaf = await database.issue(LIST, 31, 'ldevid-g1');
    const good = certId(ldevid, leaf.certificate.serialNumber);
    const never = certId(ldevid, encodeSerialNumber({ listId: LIST, index: 31, random: randomBytes(8) }), 'sha1');
    expect(statusOf(await post(ocspRequest([never, good, never])))).toBe('unknown,good,unknown');
    expect(statusOf(await post(ocspRequest(Array.from({ length: 17 }, () => good))))).toBe('malformedRequest');
    expect(statusOf(await post(ocspRequest([good, certId(idevid, Uint8Array.of(1))])))).toBe('unauthorized');
  });

  it('is found for every seat of a list that was read into memory', async () => {
    const leaves = await Promise.all(Array.from({ length: 60 }, (_, i) => database.issue(LIST, 1000 + i, 'ldevid-g1')));
    for (const round of [0, 1])
      for (const leaf of leaves)
        expect([
          round,
          statusOf(await post(ocspRequest([certId(ldevid, leaf.certificate.serialNumber)], randomBytes(32)))),
        ]).toEqual([round, 'good']);
    const forged = encodeSerialNumber({ listId: LIST, index: 1000, random: randomBytes(8) });
    expect(statusOf(await post(ocspRequest([certId(ldevid, forged)])))).toBe('unknown');
  });
});

describe('requests', () => {
  it('are taken from the path in every spelling of base64', async () => {
    const leaf = await database.issue(LIST, 40, 'ldevid-g1');
    // a request whose base64 holds a double slash, a plus and padding
    const base64 = Array.from({ length: 3 }, (_, more) => {
      const nonce = Buffer.concat([Buffer.alloc(6, 0xff), Buffer.alloc(6 + more, 0xfb)]);
      return Buffer.from(ocspRequest([certId(ldevid, leaf.certificate.serialNumber)], nonce)).toString('base64');
    }).find((text) => text.endsWith('='));
    if (!base64) throw new Error('three lengths in a row, and none of them padded');
    expect(base64).toMatch(/\/\/.*\+/);
    const targets = [
      `/ocsp/${encodeURIComponent(base64)}`,
      `/ocsp/${base64}`,
      `/ocsp//${base64}`,
      `/ocsp/${base64.replaceAll('=', '')}`,
      `/ocsp/${base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`,
    ];
    for (const target of targets) expect([target, statusOf(await http('GET', target))]).toEqual([target, 'good']);
  });

  it('that cannot be read are malformed, and those about foreign issuers unauthorized, with HTTP status 200', async () => {
    const der = ocspRequest([certId(ldevid, Uint8Array.of(1))]);
    const foreign = ocspRequest([
      encodeSequence(
        encodeSequence(encodeOid(Oid.sha256)),
        ...[1, 2].map(() => encodeOctetString(randomBytes(32))),
        encodeInteger(Uint8Array.of(1)),
      ),
    ]);
    const cases: [Promise<Answer>, string][] = [
      [post(der.subarray(0, 20)), 'malformedRequest'],
      [post(Buffer.alloc(20_000)), 'malformedRequest'],
      [post(randomBytes(100)), 'malformedRequest'],
      [http('POST', '/ocsp'), 'malformedRequest'],
      [http('GET', '/ocsp/'), 'malformedRequest'],
      [http('GET', '/ocsp/not~base64'), 'malformedRequest'],
      [http('GET', `/ocsp/${'A'.repeat(4000)}`), 'malformedRequest'],
      [post(ocspRequest([certId(ldevid, Uint8Array.of(1))], new Uint8Array(0))), 'malformedRequest'],
      [post(ocspRequest([certId(ldevid, Uint8Array.of(1))], randomBytes(129))), 'malformedRequest'],
      [post(foreign), 'unauthorized'],
    ];
    for (const [answer, expected] of cases) {
      const { status, headers } = await answer;
      expect([status, headers['content-type'], headers['cache-control']]).toEqual([
        200,
        'application/ocsp-response',
        'no-store',
      ]);
      expect(statusOf(await answer)).toBe(expected);
    }
  });

  it('of another media type are refused by HTTP', async () => {
    const { status } = await http('POST', '/ocsp', {
      body: Buffer.from('{}'),
      headers: { 'Content-Type': 'application/json' },
    });
    expect(status).toBe(415);
  });

  it('with a nonce of 1 to 128 octets get it back octet for octet, and an answer that nobody may cache', async () => {
    const leaf = await database.issue(LIST, 41, 'ldevid-g1');
    for (const length of [1, 16, 32, 33, 128]) {
      const nonce = randomBytes(length);
      const answer = await post(ocspRequest([certId(ldevid, leaf.certificate.serialNumber)], nonce));
      const basic = basicOf(answer);
      expect(
        Buffer.from(encodeOctetString(nonce)).equals(basic.responseExtensions.get(Oid.ocspNonce)?.value ?? Buffer.of()),
      ).toBe(true);
      expect(answer.headers['cache-control']).toBe('no-store');
    }
  });
});

describe('HTTP caching', () => {
  it('has the header fields of RFC 9919, the same bytes again, HEAD and 304', async () => {
    const leaf = await database.issue(LIST, 50, 'ldevid-g1');
    const target = inPath(ocspRequest([certId(ldevid, leaf.certificate.serialNumber)]));
    const first = await http('GET', target);
    const single = basicOf(first).responses[0];
    const seconds = (name: string): number => Date.parse(String(first.headers[name])) / 1000;
    expect(seconds('last-modified')).toBe(single?.thisUpdate);
    expect(seconds('expires')).toBe(single?.nextUpdate);
    expect(first.headers.etag).toBe(`"${createHash('sha256').update(first.body).digest('hex')}"`);
    expect(first.headers['cache-control']).toBe('max-age=300, public, no-transform, must-revalidate');
    expect(basicOf(first).producedAt).toBe(single?.thisUpdate);

    const again = await http('GET', target);
    expect(again.body.equals(first.body)).toBe(true);
    const head = await http('HEAD', target);
    expect([head.status, head.body.length, head.headers['content-length']]).toEqual([
      200,
      0,
      String(first.body.length),
    ]);
    const unchanged = await http('GET', target, { headers: { 'If-None-Match': String(first.headers.etag) } });
    expect([unchanged.status, unchanged.body.length, unchanged.headers.etag]).toEqual([304, 0, first.headers.etag]);
  });
});

describe('publication', () => {
  it('serves the newest CRL of a list and the bundle within a second or two, and refuses one that has ended', async () => {
    const [crl, newer, ended] = ['first', 'second', 'ended'].map((text) => Buffer.from(text));
    await database.publishCrl(LIST, 1, now() + 100, crl ?? Buffer.of());
    await vi.waitFor(async () => expect((await http('GET', `/crl/${LIST}.crl`)).body.toString()).toBe('first'), 3000);
    await database.publishCrl(LIST, 2, now() + 100, newer ?? Buffer.of());
    await vi.waitFor(async () => expect((await http('GET', `/crl/${LIST}.crl`)).body.toString()).toBe('second'), 3000);
    const answer = await http('GET', `/crl/${LIST}.crl`);
    expect(answer.headers['content-type']).toBe('application/pkix-crl');
    expect(Date.parse(String(answer.headers.expires)) / 1000).toBeLessThanOrEqual(now() + 100);
    expect(
      (await http('GET', `/crl/${LIST}.crl`, { headers: { 'If-None-Match': String(answer.headers.etag) } })).status,
    ).toBe(304);
    expect((await http('HEAD', `/crl/${LIST}.crl`)).body.length).toBe(0);

    await database.publishCrl(OTHER_LIST, 1, now(), ended ?? Buffer.of());
    await vi.waitFor(async () => expect((await http('GET', `/crl/${OTHER_LIST}.crl`)).status).toBe(503), 3000);
    const bundle = await http('GET', '/crl/all.pem');
    expect(bundle.body.toString()).toBe(encodePem('X509 CRL', newer ?? Buffer.of()));
    for (const target of ['/crl/999.crl', '/crl/x.crl', '/crl/7', '/ca/none.cer'])
      expect((await http('GET', target)).status).toBe(404);
  });

  it('serves the certificates of authorities', async () => {
    const answer = await http('GET', '/ca/ldevid-g1.cer');
    expect(answer.headers['content-type']).toBe('application/pkix-cert');
    expect(answer.body.equals(Buffer.from(ldevid.der))).toBe(true);
  });
});

describe('rule 2', () => {
  it('no answer says good with a thisUpdate at or after the commit of the revocation, however hard it is asked', async () => {
    const indexes = Array.from({ length: 40 }, (_, i) => 2000 + i);
    const leaves = await Promise.all(indexes.map((index) => database.issue(LIST, index, 'ldevid-g1')));
    const committedBy = new Map<number, number>();
    const goods: { index: number; thisUpdate: number; askedAfter: number | undefined }[] = [];
    const hammering = new AbortController();
    const hammer = async (nonce: boolean): Promise<void> => {
      for (let i = 0; !hammering.signal.aborted; i = (i + 1) % indexes.length) {
        const index = indexes[i] ?? 0;
        const leaf = leaves[i];
        if (!leaf) continue;
        const askedAfter = committedBy.get(index);
        const answer = await post(
          ocspRequest([certId(ldevid, leaf.certificate.serialNumber)], nonce ? randomBytes(32) : undefined),
        );
        const single = basicOf(answer).responses[0];
        if (single?.certStatus.status === 'good') goods.push({ index, thisUpdate: single.thisUpdate, askedAfter });
      }
    };
    const hammers = [hammer(true), hammer(true), hammer(false), hammer(false)];
    for (const index of indexes) committedBy.set(index, await database.revoke(LIST, [index], 1));
    // the last second boundary after the last commit, when a wrong stamp would show
    const end = now() + 2;
    await vi.waitFor(() => expect(now()).toBeGreaterThanOrEqual(end), 5000);
    hammering.abort();
    await Promise.all(hammers);
    expect(goods.length).toBeGreaterThan(0);
    expect(goods.filter(({ index, thisUpdate }) => thisUpdate >= (committedBy.get(index) ?? Infinity))).toEqual([]);
    for (const leaf of leaves)
      expect(statusOf(await post(ocspRequest([certId(ldevid, leaf.certificate.serialNumber)])))).toBe('revoked');
  });

  it('holds over a change of epoch: everything is loaded anew', async () => {
    const leaf = await database.issue(LIST, 60, 'ldevid-g1');
    const asked = ocspRequest([certId(ldevid, leaf.certificate.serialNumber)]);
    expect(statusOf(await post(asked))).toBe('good');
    await database.ca.query('UPDATE ca.journal_head SET epoch = epoch + 1, sequence = 0');
    await database.revoke(LIST, [60], 4);
    await vi.waitFor(async () => expect(statusOf(await post(asked))).toBe('revoked'), 3000);
  });

  it('without the database: answers within the lag, then tryLater; CRLs stay; recovers by itself', async () => {
    const leaf = await database.issue(LIST, 61, 'ldevid-g1');
    const asked = ocspRequest([certId(ldevid, leaf.certificate.serialNumber)]);
    expect(statusOf(await post(asked))).toBe('good');
    await database.publishCrl(LIST, 10, now() + 100, Buffer.from('kept'));
    await vi.waitFor(async () => expect((await http('GET', `/crl/${LIST}.crl`)).body.toString()).toBe('kept'), 3000);
    await database.allowConnections(false);
    expect(statusOf(await post(asked))).toBe('good');
    await vi.waitFor(async () => expect(statusOf(await post(asked))).toBe('tryLater'), {
      timeout: 8000,
      interval: 100,
    });
    expect((await http('GET', `/crl/${LIST}.crl`)).status).toBe(200);
    await database.allowConnections(true);
    await vi.waitFor(async () => expect(statusOf(await post(asked))).toBe('good'), { timeout: 8000, interval: 100 });
    await database.revoke(LIST, [61], 1);
    await vi.waitFor(async () => expect(statusOf(await post(asked))).toBe('revoked'), 3000);
  });

  it('a journal that went back proves nothing', async () => {
    const leaf = await database.issue(LIST, 62, 'ldevid-g1');
    const asked = ocspRequest([certId(ldevid, leaf.certificate.serialNumber)]);
    expect(statusOf(await post(asked))).toBe('good');
    await database.ca.query('UPDATE ca.journal_head SET epoch = epoch - 1');
    await vi.waitFor(async () => expect(statusOf(await post(asked))).toBe('tryLater'), {
      timeout: 8000,
      interval: 100,
    });
    await database.ca.query('UPDATE ca.journal_head SET epoch = epoch + 1');
    await vi.waitFor(async () => expect(statusOf(await post(asked))).toBe('good'), { timeout: 8000, interval: 100 });
  });
});

it('the responder reads nothing of schema ca', async () => {
  const { Database } = await import('@touchmark/store');
  const db = await Database.open({ url: database.responderUrl, poolSize: 1, applicationName: 'test' });
  for (const table of ['certificate', 'subject', 'credential', 'revocation', 'journal'])
    await expect(db.query(`SELECT 1 FROM ca.${table}`)).rejects.toMatchObject({ cause: { code: '42501' } });
  await db.close();
});

it('delegated signers name their key, and come with a certificate that lives seven days', async () => {
  const leaf = await database.issue(LIST, 70, 'ldevid-g1');
  const basic = basicOf(await post(ocspRequest([certId(ldevid, leaf.certificate.serialNumber)])));
  expect(basic.certs).toHaveLength(1);
  expect('byKey' in basic.responderId && basic.responderId.byKey).toHaveLength(20);
  expect(contextTag(0)).toBe(0x80);
});
