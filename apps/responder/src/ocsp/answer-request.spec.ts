import { createHash, randomBytes } from 'node:crypto';
import {
  encodeInteger,
  encodeNull,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  encodeExplicit,
  Oid,
} from '@touchmark/der';
import { loadOcspResponder } from '@touchmark/issuance';
import { encodeSerialNumber } from '@touchmark/status-list';
import { type PublishedStatus, StoreError } from '@touchmark/store';
import { encodeExtension, parseOcspResponse } from '@touchmark/x509';
import { describe, expect, it } from 'vitest';
import { responderSettings } from '../responder-settings.js';
import { StatusView } from '../status-view/status-view.js';
import { AnswerRequest } from './answer-request.js';
import { generateMemorySigner } from './memory-signer.js';

const LIST = 3;
const PROVEN_AT = 1_800_000_000;
const random = new Uint8Array(randomBytes(8));
const signer = { responder: loadOcspResponder(generateMemorySigner()), notAfter: PROVEN_AT + 7 * 86_400 };
const revoked: PublishedStatus = { value: 1, reason: 1, revokedAt: PROVEN_AT + 1 };

interface World {
  now: number;
  issued: boolean | Promise<boolean>;
  authorityId: string | undefined;
  signer: typeof signer | undefined;
}

function setUp(): {
  world: World;
  view: StatusView;
  ask: (der?: Uint8Array) => Promise<ReturnType<typeof read>>;
  answers: AnswerRequest;
} {
  const world: World = { now: PROVEN_AT, issued: true, authorityId: 'ldevid', signer };
  const view = new StatusView();
  const lists = [{ id: LIST, authorityId: 'ldevid', leasedTo: 100 }];
  view.load({ position: { epoch: 1, sequence: 5 }, provenAt: PROVEN_AT, lists, revocations: new Map() }, PROVEN_AT);
  const answers = new AnswerRequest(
    {
      view,
      issuers: { find: () => world.authorityId },
      issuedSeats: { isIssued: () => world.issued },
      signers: { get: () => world.signer },
      now: () => world.now,
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    },
    responderSettings.parse({}),
  );
  const ask = async (der = request(7)): Promise<ReturnType<typeof read>> => read((await answers.run(der, 'x')).der);
  return { world, view, ask, answers };
}

function request(index: number, nonce?: Uint8Array): Uint8Array {
  const digest = createHash('sha256').update('issuer').digest();
  const serialNumber = encodeInteger(encodeSerialNumber({ listId: LIST, index, random }));
  const certId = encodeSequence(
    encodeSequence(encodeOid(Oid.sha256), encodeNull()),
    encodeOctetString(digest),
    encodeOctetString(digest),
    serialNumber,
  );
  const extensions = nonce
    ? [encodeExplicit(2, encodeSequence(encodeExtension(Oid.ocspNonce, false, encodeOctetString(nonce))))]
    : [];
  return encodeSequence(encodeSequence(encodeSequence(encodeSequence(certId)), ...extensions));
}

function read(der: Uint8Array): {
  status: string;
  thisUpdate?: number;
  nextUpdate?: number | undefined;
  producedAt?: number;
} {
  const response = parseOcspResponse(der);
  if (response.responseStatus !== 'successful') return { status: response.responseStatus };
  const { producedAt, responses } = response.basic;
  const [single] = responses;
  if (!single) throw new Error('no response');
  return { status: single.certStatus.status, thisUpdate: single.thisUpdate, nextUpdate: single.nextUpdate, producedAt };
}

const prove = (view: StatusView, sequence: number, at: number, status: PublishedStatus | undefined): void =>
  view.apply(
    {
      position: { epoch: 1, sequence },
      provenAt: at,
      changes: [{ kind: 'seats', sequence, listId: LIST, seats: [{ index: 7, status }] }],
    },
    at,
  );

describe('AnswerRequest', () => {
  it('stamps the time of the proof, not the time of the answer', async () => {
    const { world, ask } = setUp();
    world.now = PROVEN_AT + 9;
    expect(await ask()).toEqual({
      status: 'good',
      thisUpdate: PROVEN_AT,
      producedAt: PROVEN_AT,
      nextUpdate: PROVEN_AT + 3600,
    });
  });

  it('answers tryLater once the proof is older than the allowed lag, also what it has answered before, and recovers with the next', async () => {
    const { world, view, ask, answers } = setUp();
    await ask();
    await ask();
    world.now = PROVEN_AT + 11;
    expect(await ask()).toEqual({ status: 'tryLater' });
    expect(answers.recall('x')).toBeUndefined();
    prove(view, 6, PROVEN_AT + 11, undefined);
    expect((await ask()).status).toBe('good');
  });

  it('answers tryLater when the clock was set back by more than the allowed lag', async () => {
    const { world, ask, answers } = setUp();
    await ask();
    await ask();
    world.now = PROVEN_AT - 11;
    expect(await ask()).toEqual({ status: 'tryLater' });
    expect(answers.recall('x')).toBeUndefined();
  });

  it('remembers no request by its spelling that is longer than requests are', async () => {
    const { answers } = setUp();
    for (const length of [512, 513]) {
      await answers.run(request(7), 'x'.repeat(length));
      await answers.run(request(7), 'x'.repeat(length));
    }
    expect(answers.recall('x'.repeat(512))).toBeDefined();
    expect(answers.recall('x'.repeat(513))).toBeUndefined();
  });

  it('drops a kept answer when its seat changes, and does not go back to it after a release', async () => {
    const { view, ask, answers } = setUp();
    await ask();
    await ask();
    expect(answers.recall('x')).toBeDefined();
    prove(view, 6, PROVEN_AT + 1, revoked);
    expect(answers.recall('x')).toBeUndefined();
    prove(view, 7, PROVEN_AT + 2, undefined);
    expect(answers.recall('x')).toBeUndefined();
    expect(await ask()).toMatchObject({ status: 'good', thisUpdate: PROVEN_AT + 2 });
  });

  it('reads the status after the wait for a look-up, together with the proof', async () => {
    const { world, view, answers } = setUp();
    const lookUp = Promise.withResolvers<boolean>();
    world.issued = lookUp.promise;
    const answer = answers.run(request(7), 'x');
    prove(view, 6, PROVEN_AT + 2, revoked);
    lookUp.resolve(true);
    expect(read((await answer).der)).toMatchObject({ status: 'revoked', thisUpdate: PROVEN_AT + 2 });
  });

  it('makes an answer anew after the refresh age', async () => {
    const { world, view, ask } = setUp();
    await ask();
    for (const [later, thisUpdate] of [
      [299, PROVEN_AT],
      [300, PROVEN_AT + 300],
    ] as const) {
      world.now = PROVEN_AT + later;
      const sequence = view.position?.sequence ?? 0;
      view.apply({ position: { epoch: 1, sequence }, provenAt: world.now, changes: [] }, world.now);
      expect(await ask()).toMatchObject({ thisUpdate });
    }
  });

  it('says unknown for a minute only, and asks again once seats were leased', async () => {
    const { world, view, ask, answers } = setUp();
    world.issued = false;
    expect(await ask()).toMatchObject({ status: 'unknown', nextUpdate: PROVEN_AT + 60 });
    await ask();
    expect(answers.recall('x')).toBeDefined();
    view.apply(
      {
        position: { epoch: 1, sequence: 6 },
        provenAt: PROVEN_AT,
        changes: [{ kind: 'block-leased', sequence: 6, listId: LIST, leasedTo: 200 }],
      },
      PROVEN_AT,
    );
    expect(answers.recall('x')).toBeUndefined();
    world.issued = true;
    expect((await ask()).status).toBe('good');
  });

  it('keeps no answer with a nonce', async () => {
    const { answers } = setUp();
    const der = request(7, randomBytes(32));
    await answers.run(der, 'n');
    await answers.run(der, 'n');
    expect(answers.recall('n')).toBeUndefined();
  });

  it('never says that it holds longer than its signer', async () => {
    const { world, ask } = setUp();
    world.signer = { ...signer, notAfter: PROVEN_AT + 60 };
    expect((await ask()).nextUpdate).toBe(PROVEN_AT + 60);
    world.signer = { ...signer, notAfter: PROVEN_AT };
    expect((await ask(request(8))).status).toBe('tryLater');
  });

  it('maps what goes wrong to the status that tells the client what to do', async () => {
    const { world, ask } = setUp();
    expect((await ask(Uint8Array.of(0x30, 0))).status).toBe('malformedRequest');
    world.issued = Promise.reject(new StoreError('STORE_UNAVAILABLE', undefined));
    expect((await ask()).status).toBe('tryLater');
    world.issued = Promise.reject(new Error('a bug'));
    expect((await ask()).status).toBe('internalError');
    world.signer = undefined;
    world.issued = true;
    expect((await ask()).status).toBe('tryLater');
    world.authorityId = undefined;
    expect((await ask()).status).toBe('unauthorized');
  });
});
