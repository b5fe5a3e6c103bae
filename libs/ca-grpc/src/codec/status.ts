import type {
  CaRefusal,
  Sighting,
  SightingOutcome,
  StatusChange,
  StatusChanged,
  StatusTarget,
} from '@touchmark/ca-port';
import { reasons } from './enums.js';
import {
  bytes,
  chosen,
  flag,
  int64,
  integer,
  type Message,
  optionalInt64,
  optionalInteger,
  required,
  text,
  uint32,
} from './fields.js';
import { type Codec, identityCodec, outcomeCodec } from './shared.js';

export const statusChangeCodec: Codec<StatusChange> = {
  encode: (change) => ({ ...encodeTarget(change.target), [change.act]: encodeAct(change) }),
  decode: (message) => {
    const act = chosen(message, 'act', ['suspend', 'release', 'revoke', 'retire', 'recommission']);
    const target = decodeTarget(message);
    const body = required(message, act);
    switch (act) {
      case 'suspend':
      case 'release':
        return { act, target, cause: text(body, 'cause') };
      case 'revoke': {
        const invalidityDate = optionalInteger(body, 'invalidityDate');
        const reason = reasons.decode(body, 'reason');
        return { act, target, reason, ...(invalidityDate !== undefined && { invalidityDate }) };
      }
      case 'retire':
      case 'recommission':
        return { act, target };
      default:
        return act satisfies never;
    }
  },
};

export const statusOutcomeCodec: Codec<StatusChanged | CaRefusal> = outcomeCodec('changed', {
  encode: ({ position, seatsChanged }) => ({
    epoch: uint32(position.epoch),
    sequence: int64(position.sequence),
    seatsChanged: uint32(seatsChanged),
  }),
  decode: (message): StatusChanged => ({
    ok: true,
    position: { epoch: integer(message, 'epoch'), sequence: integer(message, 'sequence') },
    seatsChanged: integer(message, 'seatsChanged'),
  }),
});

export const sightingCodec: Codec<Sighting> = {
  encode: ({ certificate, at }) => ({ certificate, at: int64(at) }),
  decode: (message) => ({ certificate: bytes(message, 'certificate'), at: integer(message, 'at') }),
};

type Seen = Extract<SightingOutcome, { ok: true }>;

export const sightingOutcomeCodec: Codec<SightingOutcome> = outcomeCodec('seen', {
  encode: ({ firstSighting, deviceRef }) => ({ firstSighting, deviceRef }),
  decode: (message): Seen => ({
    ok: true,
    firstSighting: flag(message, 'firstSighting'),
    deviceRef: text(message, 'deviceRef'),
  }),
});

function encodeTarget(target: StatusTarget): Message {
  return target.kind === 'device'
    ? { device: identityCodec.encode(target.identity) }
    : { serialNumber: target.serialNumber };
}

function decodeTarget(message: Message): StatusTarget {
  return chosen(message, 'target', ['device', 'serialNumber']) === 'device'
    ? { kind: 'device', identity: identityCodec.decode(required(message, 'device')) }
    : { kind: 'certificate', serialNumber: bytes(message, 'serialNumber') };
}

function encodeAct(change: StatusChange): Message {
  switch (change.act) {
    case 'suspend':
    case 'release':
      return { cause: change.cause };
    case 'revoke':
      return { reason: reasons.encode(change.reason), invalidityDate: optionalInt64(change.invalidityDate) };
    case 'retire':
    case 'recommission':
      return {};
    default:
      return change satisfies never;
  }
}
