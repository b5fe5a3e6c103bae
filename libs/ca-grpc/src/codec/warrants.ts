import type { WarrantOutcome, WarrantRequest } from '@touchmark/ca-port';
import { profiles } from './enums.js';
import { chosen, int64, integer, required, text, uint32 } from './fields.js';
import { type Codec, identityCodec, outcomeCodec } from './shared.js';

export const warrantCodec: Codec<WarrantRequest> = {
  encode: (warrant) => ({
    warrantId: warrant.warrantId,
    profile: profiles.encode(warrant.profile),
    validUntil: int64(warrant.validUntil),
    ...(warrant.kind === 'batch'
      ? { batch: { realm: warrant.realm, model: warrant.model, size: uint32(warrant.size) } }
      : { token: identityCodec.encode(warrant.identity) }),
  }),
  decode: (message) => {
    const common = {
      warrantId: text(message, 'warrantId'),
      profile: profiles.decode(message, 'profile'),
      validUntil: integer(message, 'validUntil'),
    };
    const kind = chosen(message, 'scope', ['batch', 'token']);
    const scope = required(message, kind);
    return kind === 'token'
      ? { kind, ...common, identity: identityCodec.decode(scope) }
      : { kind, ...common, realm: text(scope, 'realm'), model: text(scope, 'model'), size: integer(scope, 'size') };
  },
};

type Opened = Extract<WarrantOutcome, { ok: true }>;

export const warrantOutcomeCodec: Codec<WarrantOutcome> = outcomeCodec('opened', {
  encode: ({ warrantId }) => ({ warrantId }),
  decode: (message): Opened => ({ ok: true, warrantId: text(message, 'warrantId') }),
});
