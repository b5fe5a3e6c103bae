import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CredentialFacts } from './credential-facts.js';
import {
  decideEnrollment,
  type CredentialEvidence,
  type EnrollmentDecision,
  type EnrollmentRequest,
} from './rotation.js';

// One story in numbers: certificates live from 0 to 1000, windows open at 500, the generation is 1.
const EARLY = 100;
const DUE = 600;
const DEAD = 1001;

function credential(facts: Partial<CredentialFacts> & { id: string }): CredentialFacts {
  return {
    profile: 'ldevid',
    spkiSha256: 'aa',
    generation: 1,
    notBefore: 0,
    notAfter: 1000,
    renewAfter: 500,
    seen: false,
    withdrawn: false,
    seatValue: 'valid',
    ...facts,
  };
}

const idevid = credential({
  id: 'idevid',
  profile: 'idevid',
  spkiSha256: '1d',
  notAfter: 253_402_300_799,
  renewAfter: undefined,
  seen: true,
});
const parent = credential({ id: 'parent', spkiSha256: 'aa', seen: true });
const unseen = credential({ id: 'unseen', spkiSha256: 'bb', notBefore: 50, parentId: 'parent' });
const seen = credential({ id: 'seen', spkiSha256: 'bb', notBefore: 50, parentId: 'parent', seen: true });

function request(over: Partial<EnrollmentRequest> & Pick<EnrollmentRequest, 'evidence'>): EnrollmentRequest {
  return {
    now: EARLY,
    profile: 'ldevid',
    spkiSha256: 'bb',
    subject: { state: 'open', generation: 1 },
    sameKey: [],
    policy: { suspendOnFork: false },
    ...over,
  };
}

function on(presented: CredentialFacts, children: CredentialFacts[] = [], descendantsLive = false): CredentialEvidence {
  return { kind: 'credential', presented, children, descendantsLive };
}

/** A decision in one word or two: `return seen`, `issue`, `issue, withdraw unseen`, `LINEAGE_FORK`. */
function told(decision: EnrollmentDecision): string {
  if (decision.decision === 'return') return `return ${decision.credential.id}`;
  if (decision.decision === 'refuse') return decision.suspend ? `${decision.code}, suspend` : decision.code;
  return ['issue', ...decision.withdraw.map(({ id }) => `withdraw ${id}`)].join(', ');
}

function token(...issued: CredentialFacts[]): EnrollmentRequest['evidence'] {
  return { kind: 'token', issued };
}

function batch(...deviceCredentials: CredentialFacts[]): EnrollmentRequest['evidence'] {
  return { kind: 'batch', deviceCredentials };
}

function line(over: Partial<EnrollmentRequest> & Pick<EnrollmentRequest, 'evidence'>): EnrollmentRequest {
  return request({ profile: 'idevid', spkiSha256: '1d', ...over });
}

/** Breaches of what must hold for any facts, however inconsistent. */
function breaches(asked: EnrollmentRequest, decision: EnrollmentDecision): string[] {
  const { subject, now, evidence } = asked;
  const current = (c: CredentialFacts): boolean =>
    !c.withdrawn && c.seatValue !== 'invalid' && c.notAfter >= now && c.generation === subject.generation;
  const found: string[] = [];
  if (subject.state !== 'open' && decision.decision !== 'refuse') found.push('a held or closed subject got something');
  if (decision.decision === 'return') {
    const { credential: back } = decision;
    if (back.spkiSha256 !== asked.spkiSha256) found.push('another key came back');
    if (!current(back) || back.seatValue !== 'valid') found.push('what came back is not valid');
  }
  if (decision.decision === 'issue' && evidence.kind === 'credential') {
    const withdrawn = new Set(decision.withdraw.map(({ id }) => id));
    if (evidence.children.some((c) => current(c) && !withdrawn.has(c.id))) found.push('a second child lives');
    if (!current(evidence.presented)) found.push('the parent is worth nothing');
  }
  if (decision.decision === 'issue' && decision.withdraw.some((c) => c.seen)) found.push('a seen one was withdrawn');
  return found;
}

type Case = [condition: string, outcome: string, request: EnrollmentRequest];

describe('decideEnrollment on a certificate', () => {
  const cases: Case[] = [
    ['IDevID without children', 'issue', request({ evidence: on(idevid) })],
    ['LDevID asks for a new key', 'issue', request({ evidence: on(parent) })],
    [
      'LDevID asks for its own key before its window',
      'return parent',
      request({ evidence: on(parent), spkiSha256: 'aa', sameKey: [parent] }),
    ],
    [
      'LDevID asks for its own key in its window',
      'issue',
      request({ evidence: on(parent), spkiSha256: 'aa', sameKey: [parent], now: DUE }),
    ],
    [
      'renewal asked again after a lost reply',
      'return renewed',
      request({
        evidence: on(parent, [credential({ id: 'renewed', notBefore: 600, renewAfter: 1100, parentId: 'parent' })]),
        spkiSha256: 'aa',
        sameKey: [parent, credential({ id: 'renewed', notBefore: 600, renewAfter: 1100, parentId: 'parent' })],
        now: DUE,
      }),
    ],
    [
      'renewal asked again in the second of its issue',
      'return renewed',
      request({
        evidence: on(parent, [credential({ id: 'renewed', parentId: 'parent' })]),
        spkiSha256: 'aa',
        sameKey: [parent, credential({ id: 'renewed', parentId: 'parent' })],
      }),
    ],
    [
      'retry with the key of the unseen child',
      'return unseen',
      request({ evidence: on(parent, [unseen]), sameKey: [unseen] }),
    ],
    [
      'retry with the key of the seen child',
      'return seen',
      request({ evidence: on(parent, [seen], true), sameKey: [seen] }),
    ],
    [
      'own key asked by a replaced parent before its window',
      'return parent',
      request({ evidence: on(parent, [seen], true), spkiSha256: 'aa', sameKey: [parent] }),
    ],
    [
      'another key while the child is unseen',
      'issue, withdraw unseen',
      request({ evidence: on(parent, [unseen]), spkiSha256: 'cc' }),
    ],
    [
      'own key in its window while a child with another key is unseen',
      'issue, withdraw unseen',
      request({ evidence: on(parent, [unseen]), spkiSha256: 'aa', sameKey: [parent], now: DUE }),
    ],
    [
      'key of the unseen child whose own window is open',
      'issue, withdraw unseen',
      request({ evidence: on(parent, [unseen]), sameKey: [unseen], now: DUE }),
    ],
    [
      'key of the withdrawn child while its successor is unseen',
      'issue, withdraw successor',
      request({
        evidence: on(parent, [
          { ...unseen, withdrawn: true, seatValue: 'invalid' },
          credential({ id: 'successor', spkiSha256: 'cc', parentId: 'parent' }),
        ]),
        sameKey: [{ ...unseen, withdrawn: true, seatValue: 'invalid' }],
      }),
    ],
    [
      'key of the withdrawn child whose successor was seen',
      'LINEAGE_FORK',
      request({
        evidence: on(
          parent,
          [
            { ...unseen, withdrawn: true, seatValue: 'invalid' },
            { ...seen, id: 'successor', spkiSha256: 'cc' },
          ],
          true,
        ),
        sameKey: [{ ...unseen, withdrawn: true, seatValue: 'invalid' }],
      }),
    ],
    [
      'another key once the child was seen',
      'LINEAGE_FORK',
      request({ evidence: on(parent, [seen], true), spkiSha256: 'cc' }),
    ],
    [
      'another key on the IDevID once its LDevID was seen',
      'LINEAGE_FORK',
      request({ evidence: on(idevid, [seen], true), spkiSha256: 'cc' }),
    ],
    [
      'fork where the policy suspends',
      'LINEAGE_FORK, suspend',
      request({ evidence: on(parent, [seen], true), spkiSha256: 'cc', policy: { suspendOnFork: true } }),
    ],
    [
      'fork although nobody counted the descendants',
      'LINEAGE_FORK',
      request({ evidence: on(parent, [seen], false), spkiSha256: 'cc' }),
    ],
    [
      'own key in its window once a child with another key was seen',
      'LINEAGE_FORK',
      request({ evidence: on(parent, [seen], true), spkiSha256: 'aa', sameKey: [parent], now: DUE }),
    ],
    [
      'key of the seen child whose window is open',
      'PARENT_REPLACED',
      request({ evidence: on(parent, [seen], true), sameKey: [seen], now: DUE }),
    ],
    [
      'key of a grandchild before its window',
      'return grandchild',
      request({
        evidence: on(idevid, [{ ...seen, notAfter: 60 }], true),
        spkiSha256: 'cc',
        sameKey: [credential({ id: 'grandchild', spkiSha256: 'cc', parentId: 'seen', seen: true })],
      }),
    ],
    [
      'key of a grandchild in its window',
      'PARENT_REPLACED',
      request({
        evidence: on(idevid, [{ ...seen, notAfter: 60 }], true),
        spkiSha256: 'cc',
        sameKey: [credential({ id: 'grandchild', spkiSha256: 'cc', parentId: 'seen', seen: true })],
        now: DUE,
      }),
    ],
    [
      'another key when the seen child ended but a grandchild lives',
      'LINEAGE_FORK',
      request({ evidence: on(idevid, [{ ...seen, notAfter: 60 }], true), spkiSha256: 'cc' }),
    ],
    [
      'key of the ended child when a grandchild lives',
      'LINEAGE_FORK',
      request({
        evidence: on(idevid, [{ ...seen, notAfter: 60 }], true),
        sameKey: [{ ...seen, notAfter: 60 }],
      }),
    ],
    [
      'IDevID whose whole line has expired',
      'issue',
      request({ evidence: on(idevid, [seen]), spkiSha256: 'cc', now: DEAD }),
    ],
    [
      'IDevID whose whole line has expired, with the old key',
      'issue',
      request({ evidence: on(idevid, [seen]), sameKey: [seen], now: DEAD }),
    ],
    [
      'IDevID whose LDevID was revoked, with a new key',
      'issue',
      request({ evidence: on(idevid, [{ ...seen, seatValue: 'invalid' }]), spkiSha256: 'cc' }),
    ],
    [
      'IDevID whose LDevID was revoked, with the revoked key',
      'KEY_REVOKED',
      request({
        evidence: on(idevid, [{ ...seen, seatValue: 'invalid' }]),
        sameKey: [{ ...seen, seatValue: 'invalid' }],
      }),
    ],
    [
      'valid LDevID whose seen child was revoked',
      'issue',
      request({ evidence: on(parent, [{ ...seen, seatValue: 'invalid' }]), spkiSha256: 'cc' }),
    ],
    [
      'IDevID that started over and asks for yet another key',
      'issue, withdraw second',
      request({
        evidence: on(idevid, [
          { ...seen, notAfter: 60 },
          credential({ id: 'second', spkiSha256: 'cc', notBefore: 70 }),
        ]),
        spkiSha256: 'dd',
      }),
    ],
    [
      'unseen child already expired: nothing left to withdraw',
      'issue',
      request({ evidence: on(idevid, [unseen]), spkiSha256: 'cc', now: DEAD }),
    ],
    [
      'seen child of another profile',
      'issue',
      request({ evidence: on(idevid, [{ ...seen, profile: 'vpn' }]), spkiSha256: 'cc' }),
    ],
    [
      'newest of the key superseded by an admin who opened its window, older one not due',
      'issue',
      request({
        evidence: on(parent),
        spkiSha256: 'aa',
        sameKey: [parent, credential({ id: 'moved', notBefore: 80, renewAfter: 90 })],
      }),
    ],
    [
      'newest of the key withdrawn, older one not due',
      'return parent',
      request({
        evidence: on(parent),
        spkiSha256: 'aa',
        sameKey: [parent, credential({ id: 'withdrawn', notBefore: 80, withdrawn: true, seatValue: 'invalid' })],
      }),
    ],
    [
      'another key while the child is unseen, although descendants were counted',
      'issue, withdraw unseen',
      request({ evidence: on(parent, [unseen], true), spkiSha256: 'cc' }),
    ],
    [
      'older certificate of the key revoked, newest good',
      'return parent',
      request({
        evidence: on(parent),
        spkiSha256: 'aa',
        sameKey: [credential({ id: 'old', notBefore: -50, seatValue: 'invalid', seen: true }), parent],
      }),
    ],
    [
      'key revoked in an older generation',
      'issue',
      request({
        evidence: on({ ...idevid, generation: 2 }),
        subject: { state: 'open', generation: 2 },
        sameKey: [{ ...seen, seatValue: 'invalid' }],
      }),
    ],
    [
      'child held, its key asked again',
      'CREDENTIAL_SUSPENDED',
      request({
        evidence: on(parent, [{ ...unseen, seatValue: 'suspended' }]),
        sameKey: [{ ...unseen, seatValue: 'suspended' }],
      }),
    ],
    [
      'unseen child held, another key asked',
      'CREDENTIAL_SUSPENDED',
      request({ evidence: on(parent, [{ ...unseen, seatValue: 'suspended' }]), spkiSha256: 'cc' }),
    ],
    [
      'seen child held, another key asked',
      'LINEAGE_FORK',
      request({ evidence: on(parent, [{ ...seen, seatValue: 'suspended' }], true), spkiSha256: 'cc' }),
    ],
    [
      'parent withdrawn',
      'PARENT_WITHDRAWN',
      request({ evidence: on({ ...parent, withdrawn: true, seatValue: 'invalid' }) }),
    ],
    ['parent revoked', 'PARENT_INVALID', request({ evidence: on({ ...parent, seatValue: 'invalid' }) })],
    [
      'parent revoked, exact retry of its child',
      'PARENT_INVALID',
      request({ evidence: on({ ...parent, seatValue: 'invalid' }, [seen], true), sameKey: [seen] }),
    ],
    ['parent held', 'PARENT_SUSPENDED', request({ evidence: on({ ...parent, seatValue: 'suspended' }) })],
    ['parent not yet valid', 'PARENT_INVALID', request({ evidence: on({ ...parent, notBefore: EARLY + 1 }) })],
    ['parent at its last second', 'issue', request({ evidence: on(parent), now: 1000 })],
    ['parent expired', 'PARENT_EXPIRED', request({ evidence: on(parent), now: DEAD })],
    [
      'parent expired within the grace',
      'issue',
      request({ evidence: on(parent), now: DEAD, policy: { suspendOnFork: false, expiredParentGrace: 1 } }),
    ],
    [
      'parent expired beyond the grace',
      'PARENT_EXPIRED',
      request({ evidence: on(parent), now: DEAD + 1, policy: { suspendOnFork: false, expiredParentGrace: 1 } }),
    ],
    [
      'parent of an older generation',
      'PARENT_GENERATION_CLOSED',
      request({ evidence: on(parent), subject: { state: 'open', generation: 2 } }),
    ],
    [
      'subject held, exact retry',
      'SUBJECT_HELD',
      request({ evidence: on(parent, [unseen]), sameKey: [unseen], subject: { state: 'held', generation: 1 } }),
    ],
    [
      'subject closed, exact retry',
      'SUBJECT_CLOSED',
      request({ evidence: on(parent, [unseen]), sameKey: [unseen], subject: { state: 'closed', generation: 1 } }),
    ],
  ];

  it.each(cases)('%s: %s', (_condition, outcome, asked) => {
    expect(told(decideEnrollment(asked))).toBe(outcome);
  });
});

describe('decideEnrollment on a one-time token', () => {
  const first = credential({ id: 'first', spkiSha256: 'bb' });
  const cases: Case[] = [
    ['fresh', 'issue', request({ evidence: token() })],
    ['unseen certificate, same key', 'return first', request({ evidence: token(first), sameKey: [first] })],
    ['unseen certificate, another key', 'issue, withdraw first', request({ evidence: token(first), spkiSha256: 'cc' })],
    [
      'unseen certificate, same key, window open',
      'issue, withdraw first',
      request({ evidence: token(first), sameKey: [first], now: DUE }),
    ],
    [
      'first key again after another replaced it',
      'issue, withdraw second',
      request({
        evidence: token({ ...first, withdrawn: true }, credential({ id: 'second', spkiSha256: 'cc' })),
        sameKey: [{ ...first, withdrawn: true }],
      }),
    ],
    ['unseen certificate expired', 'issue', request({ evidence: token(first), spkiSha256: 'cc', now: DEAD })],
    [
      'certificate seen, another key',
      'WARRANT_SPENT',
      request({ evidence: token({ ...first, seen: true }), spkiSha256: 'cc' }),
    ],
    [
      'certificate seen, same key',
      'WARRANT_SPENT',
      request({ evidence: token({ ...first, seen: true }), sameKey: [{ ...first, seen: true }] }),
    ],
    [
      'withdrawn certificate seen after all',
      'WARRANT_SPENT',
      request({ evidence: token({ ...first, withdrawn: true, seen: true }), spkiSha256: 'cc' }),
    ],
    [
      'unseen certificate revoked',
      'WARRANT_SPENT',
      request({ evidence: token({ ...first, seatValue: 'invalid' }), spkiSha256: 'cc' }),
    ],
    [
      'unseen certificate held, another key',
      'CREDENTIAL_SUSPENDED',
      request({ evidence: token({ ...first, seatValue: 'suspended' }), spkiSha256: 'cc' }),
    ],
    [
      'used in an older generation',
      'WARRANT_SPENT',
      request({ evidence: token(first), subject: { state: 'open', generation: 2 } }),
    ],
    ['fresh, key that already has a certificate', 'return seen', request({ evidence: token(), sameKey: [seen] })],
    [
      'fresh, key whose certificate was revoked',
      'KEY_REVOKED',
      request({ evidence: token(), sameKey: [{ ...seen, seatValue: 'invalid' }] }),
    ],
    ['device held', 'SUBJECT_HELD', request({ evidence: token(), subject: { state: 'held', generation: 1 } })],
  ];

  it.each(cases)('%s: %s', (_condition, outcome, asked) => {
    expect(told(decideEnrollment(asked))).toBe(outcome);
  });
});

describe('decideEnrollment on a line of a batch', () => {
  const made = { ...idevid, seen: false };
  const cases: Case[] = [
    ['new serial', 'issue', line({ evidence: batch() })],
    ['same serial and key', 'return idevid', line({ evidence: batch(made), sameKey: [made] })],
    [
      'same serial and key, seen long ago',
      'return idevid',
      line({ evidence: batch(idevid), sameKey: [idevid], now: DEAD }),
    ],
    ['same serial, another key', 'DEVICE_KEY_CONFLICT', line({ evidence: batch(made), spkiSha256: 'cc' })],
    [
      'same serial, another key, the first held',
      'DEVICE_KEY_CONFLICT',
      line({ evidence: batch({ ...made, seatValue: 'suspended' }), spkiSha256: 'cc' }),
    ],
    [
      'same serial, another key, the first revoked',
      'issue',
      line({ evidence: batch({ ...made, seatValue: 'invalid' }), spkiSha256: 'cc' }),
    ],
    [
      'same serial and key, revoked',
      'KEY_REVOKED',
      line({ evidence: batch({ ...made, seatValue: 'invalid' }), sameKey: [{ ...made, seatValue: 'invalid' }] }),
    ],
    [
      'same hardware and key in a new generation',
      'issue',
      line({
        evidence: batch({ ...made, seatValue: 'invalid' }),
        sameKey: [{ ...made, seatValue: 'invalid' }],
        subject: { state: 'open', generation: 2 },
      }),
    ],
    ['device closed', 'SUBJECT_CLOSED', line({ evidence: batch(), subject: { state: 'closed', generation: 1 } })],
  ];

  it.each(cases)('%s: %s', (_condition, outcome, asked) => {
    expect(told(decideEnrollment(asked))).toBe(outcome);
  });
});

describe('decideEnrollment on anything', () => {
  const facts = fc.record({
    id: fc.uuid(),
    profile: fc.constant('ldevid'),
    spkiSha256: fc.constantFrom('aa', 'bb', 'cc'),
    generation: fc.constantFrom(1, 2),
    notBefore: fc.integer({ min: 0, max: 100 }),
    notAfter: fc.integer({ min: 400, max: 800 }),
    renewAfter: fc.option(fc.integer({ min: 200, max: 800 }), { nil: undefined }),
    seen: fc.boolean(),
    withdrawn: fc.boolean(),
    seatValue: fc.constantFrom('valid', 'invalid', 'suspended'),
  });
  const many = fc.array(facts, { maxLength: 4 });
  const evidence = fc.oneof(
    fc.record({ kind: fc.constant('token'), issued: many }),
    fc.record({ kind: fc.constant('batch'), deviceCredentials: many }),
    fc.record({ kind: fc.constant('credential'), presented: facts, children: many, descendantsLive: fc.boolean() }),
  );
  const anything = fc.record({
    now: fc.integer({ min: 100, max: 900 }),
    profile: fc.constant('ldevid'),
    spkiSha256: fc.constantFrom('aa', 'bb', 'cc'),
    subject: fc.record({ state: fc.constantFrom('open', 'held', 'closed'), generation: fc.constantFrom(1, 2) }),
    evidence,
    sameKey: many,
    policy: fc.record({ suspendOnFork: fc.boolean() }),
  });

  it('facts of any kind, consistent or not: no rule is broken', () => {
    fc.assert(
      fc.property(anything, (asked) => {
        expect(breaches(asked, decideEnrollment(asked))).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });
});
