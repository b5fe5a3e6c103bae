import {
  type AuthorityDescription,
  caRefusalCodes,
  type CaRefusal,
  type IssueOutcome,
  type IssueRequest,
  type OcspSignerOutcome,
  type OcspSignerRequest,
  revocationReasons,
  type ServiceRenewalOutcome,
  type ServiceRenewalRequest,
  type Sighting,
  type SightingOutcome,
  type StatusChange,
  type StatusOutcome,
  type WarrantOutcome,
  type WarrantRequest,
} from '@touchmark/ca-port';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadServiceDefinition } from '../service-definition.js';
import { authoritiesCodec, batches, type CaCall } from './calls.js';
import type { Message } from './fields.js';
import type { Codec } from './shared.js';

const definition = loadServiceDefinition();

const bytes = fc.uint8Array({ maxLength: 40 });
const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const uint32 = fc.nat(0xffff_ffff);
const time = fc.oneof(fc.constantFrom(0, 253_402_300_799, -1, 2 ** 53 - 1, 1 - 2 ** 53), fc.maxSafeInteger());
const profile = fc.constantFrom('idevid' as const, 'ldevid' as const);
const identity = fc.record({ realm: text, model: text, deviceSerial: text });
const refusal: fc.Arbitrary<CaRefusal> = fc.record({
  ok: fc.constant(false as const),
  code: fc.constantFrom(...caRefusalCodes),
  detail: text,
});
const ok = fc.constant(true as const);

const issueRequest: fc.Arbitrary<IssueRequest> = fc.record(
  {
    identity,
    profile,
    hardware: fc.record({ hwType: text, organization: text }),
    csr: bytes,
    reenroll: fc.boolean(),
    evidence: fc.oneof(
      fc.record({ kind: fc.constant('warrant' as const), warrantId: text }),
      fc.record({ kind: fc.constant('credential' as const), certificate: bytes }),
    ),
    terms: fc.record(
      {
        policy: text,
        lifetime: time,
        suspendOnFork: fc.boolean(),
        revokeReplaced: fc.boolean(),
        pseudonymous: fc.boolean(),
      },
      { requiredKeys: ['policy'] },
    ),
  },
  { requiredKeys: ['identity', 'profile', 'csr', 'evidence', 'terms'] },
);
const issueOutcome: fc.Arbitrary<IssueOutcome> = fc.oneof(
  refusal,
  fc.record(
    {
      ok,
      certificate: bytes,
      serialNumber: bytes,
      deviceRef: text,
      credentialId: text,
      generation: uint32,
      notBefore: time,
      notAfter: time,
      renewAfter: time,
      repeated: fc.boolean(),
    },
    {
      requiredKeys: [
        'ok',
        'certificate',
        'serialNumber',
        'deviceRef',
        'credentialId',
        'generation',
        'notBefore',
        'notAfter',
        'repeated',
      ],
    },
  ),
);

const target = fc.oneof(
  fc.record({ kind: fc.constant('device' as const), identity }),
  fc.record({ kind: fc.constant('certificate' as const), serialNumber: bytes }),
);
const statusChange: fc.Arbitrary<StatusChange> = fc.oneof(
  fc.record({ act: fc.constantFrom('suspend' as const, 'release' as const), target, cause: text }),
  fc.record(
    {
      act: fc.constant('revoke' as const),
      target,
      reason: fc.constantFrom(...revocationReasons),
      invalidityDate: time,
    },
    { requiredKeys: ['act', 'target', 'reason'] },
  ),
  fc.record({ act: fc.constantFrom('retire' as const, 'recommission' as const), target }),
);
const statusOutcome: fc.Arbitrary<StatusOutcome> = fc.oneof(
  refusal,
  fc.record({ ok, position: fc.record({ epoch: uint32, sequence: fc.maxSafeNat() }), seatsChanged: uint32 }),
);

const sighting: fc.Arbitrary<Sighting> = fc.record({ certificate: bytes, at: time });
const sightingOutcome: fc.Arbitrary<SightingOutcome> = fc.oneof(
  refusal,
  fc.record({ ok, firstSighting: fc.boolean(), deviceRef: text }),
);

const warrant: fc.Arbitrary<WarrantRequest> = fc.oneof(
  fc.record({
    kind: fc.constant('batch' as const),
    warrantId: text,
    realm: text,
    model: text,
    profile,
    size: uint32,
    validUntil: time,
  }),
  fc.record({ kind: fc.constant('token' as const), warrantId: text, identity, profile, validUntil: time }),
);
const warrantOutcome: fc.Arbitrary<WarrantOutcome> = fc.oneof(refusal, fc.record({ ok, warrantId: text }));

const ocspSigner: fc.Arbitrary<OcspSignerRequest> = fc.record({ authorityId: text, csr: bytes });
const ocspSignerOutcome: fc.Arbitrary<OcspSignerOutcome> = fc.oneof(
  refusal,
  fc.record({ ok, certificate: bytes, notAfter: time }),
);
const renewal: fc.Arbitrary<ServiceRenewalRequest> = fc.record({ certificate: bytes, csr: bytes, proof: bytes });
const renewalOutcome: fc.Arbitrary<ServiceRenewalOutcome> = fc.oneof(
  refusal,
  fc.record({ ok, certificate: bytes, issuerCertificate: bytes, notBefore: time, notAfter: time }),
);
const authority: fc.Arbitrary<AuthorityDescription> = fc.record({
  id: text,
  kind: fc.constantFrom('root' as const, 'idevid' as const, 'ldevid' as const, 'infrastructure' as const),
  certificate: bytes,
});

const toRequest = (call: CaCall) => (message: Message) =>
  definition[call].requestDeserialize(definition[call].requestSerialize(message));
const toResponse = (call: CaCall) => (message: Message) =>
  definition[call].responseDeserialize(definition[call].responseSerialize(message));

/** What is encoded, sent and decoded is what it was; octets may come as another kind of array. */
function assertRoundTrips<Item>(
  items: fc.Arbitrary<Item>,
  codec: Codec<readonly Item[]>,
  wire: (m: Message) => Message,
) {
  fc.assert(
    fc.property(fc.array(items, { maxLength: 4 }), (values) => {
      expect(plain(codec.decode(wire(codec.encode(values))))).toStrictEqual(plain(values));
    }),
    { numRuns: 200 },
  );
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

const roundTripOf =
  <Item>(items: fc.Arbitrary<Item>, codec: Codec<readonly Item[]>, wire: (m: Message) => Message) =>
  () =>
    assertRoundTrips(items, codec, wire);

describe('every call goes through the wire as it is', () => {
  it('issueCertificates', () => {
    expect(roundTripOf(issueRequest, batches.issueCertificates.requests, toRequest('issueCertificates'))).not.toThrow();
    expect(
      roundTripOf(issueOutcome, batches.issueCertificates.outcomes, toResponse('issueCertificates')),
    ).not.toThrow();
  });
  it('changeStatus', () => {
    expect(roundTripOf(statusChange, batches.changeStatus.requests, toRequest('changeStatus'))).not.toThrow();
    expect(roundTripOf(statusOutcome, batches.changeStatus.outcomes, toResponse('changeStatus'))).not.toThrow();
  });
  it('confirmSeen', () => {
    expect(roundTripOf(sighting, batches.confirmSeen.requests, toRequest('confirmSeen'))).not.toThrow();
    expect(roundTripOf(sightingOutcome, batches.confirmSeen.outcomes, toResponse('confirmSeen'))).not.toThrow();
  });
  it('openWarrants', () => {
    expect(roundTripOf(warrant, batches.openWarrants.requests, toRequest('openWarrants'))).not.toThrow();
    expect(roundTripOf(warrantOutcome, batches.openWarrants.outcomes, toResponse('openWarrants'))).not.toThrow();
  });
  it('renewOcspSigners', () => {
    expect(roundTripOf(ocspSigner, batches.renewOcspSigners.requests, toRequest('renewOcspSigners'))).not.toThrow();
    expect(
      roundTripOf(ocspSignerOutcome, batches.renewOcspSigners.outcomes, toResponse('renewOcspSigners')),
    ).not.toThrow();
  });
  it('renewServiceCertificates', () => {
    expect(
      roundTripOf(renewal, batches.renewServiceCertificates.requests, toRequest('renewServiceCertificates')),
    ).not.toThrow();
    expect(
      roundTripOf(renewalOutcome, batches.renewServiceCertificates.outcomes, toResponse('renewServiceCertificates')),
    ).not.toThrow();
  });
  it('describeAuthorities', () => {
    expect(roundTripOf(authority, authoritiesCodec, toResponse('describeAuthorities'))).not.toThrow();
  });
});

describe('what a message does not say is refused', () => {
  const malformed = { code: 'MESSAGE_MALFORMED' };
  const evidence = { evidence: 'warrantId', warrantId: 'x' };
  const whole = { identity: {}, profile: 1, terms: {}, ...evidence };

  it.each([
    ['no identity', { ...whole, identity: undefined }, 'identity'],
    ['no profile', { ...whole, profile: undefined }, 'profile'],
    ['an unknown profile', { ...whole, profile: 3 }, 'profile'],
    ['no evidence', { ...whole, evidence: undefined }, 'evidence'],
    ['no terms', { ...whole, terms: undefined }, 'terms'],
    ['a lifetime that a number cannot hold', { ...whole, terms: { lifetime: 2 ** 53 } }, 'lifetime'],
  ])('an issue request with %s', (_, request, reason) => {
    const decode = () => batches.issueCertificates.requests.decode({ requests: [request] });
    expect(decode).toThrow(expect.objectContaining({ ...malformed, context: { reason } }));
  });

  it.each([
    ['no target', { act: 'retire', retire: {} }, 'target'],
    ['no act', { target: 'serialNumber', serialNumber: Uint8Array.of(1) }, 'act'],
    ['no reason', { act: 'revoke', revoke: {}, target: 'device', device: {} }, 'reason'],
    [
      'a reason that is certificateHold',
      { act: 'revoke', revoke: { reason: 6 }, target: 'device', device: {} },
      'reason',
    ],
  ])('a status change with %s', (_, change, reason) => {
    const decode = () => batches.changeStatus.requests.decode({ changes: [change] });
    expect(decode).toThrow(expect.objectContaining({ ...malformed, context: { reason } }));
  });

  it('an outcome that is none', () => {
    expect(() => batches.openWarrants.outcomes.decode({ outcomes: [{}] })).toThrow(expect.objectContaining(malformed));
  });

  it('a refusal with a code of a newer CA stays a refusal', () => {
    const refused = { outcome: 'refusal', refusal: { code: 'NEW_CODE', detail: 'because' } };
    expect(batches.openWarrants.outcomes.decode({ outcomes: [refused] })).toEqual([
      { ok: false, code: 'INTERNAL', detail: 'because' },
    ]);
  });

  it.each([1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('a time of %s is not sent: TypeError', (at) => {
    const certificate = Uint8Array.of(1);
    expect(() => batches.confirmSeen.requests.encode([{ certificate, at }])).toThrow(TypeError);
  });

  it.each([-1, 2 ** 32, 0.5])('a size of %s is not sent: TypeError', (size) => {
    const batch = { kind: 'batch', warrantId: '', realm: '', model: '', profile: 'idevid', validUntil: 0 } as const;
    expect(() => batches.openWarrants.requests.encode([{ ...batch, size }])).toThrow(TypeError);
  });
});
