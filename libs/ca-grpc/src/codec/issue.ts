import type {
  CaRefusal,
  HardwareDescription,
  IssuedCertificate,
  IssueEvidence,
  IssueRequest,
  IssueTerms,
} from '@touchmark/ca-port';
import { profiles } from './enums.js';
import {
  bytes,
  chosen,
  flag,
  int64,
  integer,
  type Message,
  optionalFlag,
  optionalInt64,
  optionalInteger,
  optionalMessage,
  required,
  text,
  uint32,
} from './fields.js';
import { type Codec, identityCodec, outcomeCodec } from './shared.js';

export const issueRequestCodec: Codec<IssueRequest> = {
  encode: ({ identity, profile, hardware, csr, reenroll, evidence, terms }) => ({
    identity: identityCodec.encode(identity),
    profile: profiles.encode(profile),
    hardware: hardware && { hwType: hardware.hwType, organization: hardware.organization },
    csr,
    reenroll,
    ...(evidence.kind === 'warrant' ? { warrantId: evidence.warrantId } : { credential: evidence.certificate }),
    terms: { ...terms, lifetime: optionalInt64(terms.lifetime) },
  }),
  decode: (message) => {
    const hardware = optionalMessage(message, 'hardware');
    const reenroll = optionalFlag(message, 'reenroll');
    return {
      identity: identityCodec.decode(required(message, 'identity')),
      profile: profiles.decode(message, 'profile'),
      ...(hardware && { hardware: decodeHardware(hardware) }),
      csr: bytes(message, 'csr'),
      ...(reenroll !== undefined && { reenroll }),
      evidence: decodeEvidence(message),
      terms: decodeTerms(required(message, 'terms')),
    };
  },
};

export const issueOutcomeCodec: Codec<IssuedCertificate | CaRefusal> = outcomeCodec('issued', {
  encode: (issued) => ({
    certificate: issued.certificate,
    serialNumber: issued.serialNumber,
    deviceRef: issued.deviceRef,
    credentialId: issued.credentialId,
    generation: uint32(issued.generation),
    notBefore: int64(issued.notBefore),
    notAfter: int64(issued.notAfter),
    renewAfter: optionalInt64(issued.renewAfter),
    repeated: issued.repeated,
  }),
  decode: (message): IssuedCertificate => {
    const renewAfter = optionalInteger(message, 'renewAfter');
    return {
      ok: true,
      certificate: bytes(message, 'certificate'),
      serialNumber: bytes(message, 'serialNumber'),
      deviceRef: text(message, 'deviceRef'),
      credentialId: text(message, 'credentialId'),
      generation: integer(message, 'generation'),
      notBefore: integer(message, 'notBefore'),
      notAfter: integer(message, 'notAfter'),
      ...(renewAfter !== undefined && { renewAfter }),
      repeated: flag(message, 'repeated'),
    };
  },
});

function decodeHardware(message: Message): HardwareDescription {
  return { hwType: text(message, 'hwType'), organization: text(message, 'organization') };
}

function decodeEvidence(message: Message): IssueEvidence {
  const kind = chosen(message, 'evidence', ['warrantId', 'credential']);
  return kind === 'warrantId'
    ? { kind: 'warrant', warrantId: text(message, 'warrantId') }
    : { kind: 'credential', certificate: bytes(message, 'credential') };
}

function decodeTerms(message: Message): IssueTerms {
  const lifetime = optionalInteger(message, 'lifetime');
  const suspendOnFork = optionalFlag(message, 'suspendOnFork');
  const revokeReplaced = optionalFlag(message, 'revokeReplaced');
  const pseudonymous = optionalFlag(message, 'pseudonymous');
  return {
    policy: text(message, 'policy'),
    ...(lifetime !== undefined && { lifetime }),
    ...(suspendOnFork !== undefined && { suspendOnFork }),
    ...(revokeReplaced !== undefined && { revokeReplaced }),
    ...(pseudonymous !== undefined && { pseudonymous }),
  };
}
