import { type CaRefusal, type CaRefusalCode, caRefusalCodes, type DeviceIdentity } from '@touchmark/ca-port';
import { chosen, type Message, required, text } from './fields.js';

/** Both ways between a value of the port and its message. Encoding throws TypeError for a value that the message cannot hold. */
export interface Codec<Value> {
  encode(value: Value): Message;
  /** Throws CaGrpcError MESSAGE_MALFORMED. */
  decode(message: Message): Value;
}

export const identityCodec: Codec<DeviceIdentity> = {
  encode: ({ realm, model, deviceSerial }) => ({ realm, model, deviceSerial }),
  decode: (message) => ({
    realm: text(message, 'realm'),
    model: text(message, 'model'),
    deviceSerial: text(message, 'deviceSerial'),
  }),
};

const codes = new Map<string, CaRefusalCode>(caRefusalCodes.map((code) => [code, code]));

function decodeRefusal(message: Message): CaRefusal {
  // a code of a newer CA: refused all the same
  return { ok: false, code: codes.get(text(message, 'code')) ?? 'INTERNAL', detail: text(message, 'detail') };
}

/** An outcome: `success` is the field of its oneof that is not the refusal. */
export function outcomeCodec<Success extends { readonly ok: true }>(
  success: string,
  codec: Codec<Success>,
): Codec<Success | CaRefusal> {
  return {
    encode: (value) =>
      value.ok ? { [success]: codec.encode(value) } : { refusal: { code: value.code, detail: value.detail } },
    decode: (message) => {
      const field = chosen(message, 'outcome', [success, 'refusal']);
      const body = required(message, field);
      return field === 'refusal' ? decodeRefusal(body) : codec.decode(body);
    },
  };
}
