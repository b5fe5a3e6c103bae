import type { CaPort } from '@touchmark/ca-port';
import { list } from './fields.js';
import { issueOutcomeCodec, issueRequestCodec } from './issue.js';
import type { Codec } from './shared.js';
import {
  authorityCodec,
  ocspSignerCodec,
  ocspSignerOutcomeCodec,
  serviceRenewalCodec,
  serviceRenewalOutcomeCodec,
} from './signers.js';
import { sightingCodec, sightingOutcomeCodec, statusChangeCodec, statusOutcomeCodec } from './status.js';
import { warrantCodec, warrantOutcomeCodec } from './warrants.js';

export type CaCall = keyof CaPort;

/** The codecs of a batch call: what is asked, item by item, and the outcomes in the same order. */
export interface BatchCodec<Request, Outcome> {
  readonly requests: Codec<readonly Request[]>;
  readonly outcomes: Codec<Outcome[]>;
}

export const batches = {
  issueCertificates: batch('requests', issueRequestCodec, issueOutcomeCodec),
  changeStatus: batch('changes', statusChangeCodec, statusOutcomeCodec),
  confirmSeen: batch('sightings', sightingCodec, sightingOutcomeCodec),
  openWarrants: batch('warrants', warrantCodec, warrantOutcomeCodec),
  renewOcspSigners: batch('requests', ocspSignerCodec, ocspSignerOutcomeCodec),
  renewServiceCertificates: batch('requests', serviceRenewalCodec, serviceRenewalOutcomeCodec),
} as const;

/** The one call that asks for nothing in particular. */
export const authoritiesCodec = items('authorities', authorityCodec);

function batch<Request, Outcome>(
  field: string,
  request: Codec<Request>,
  outcome: Codec<Outcome>,
): BatchCodec<Request, Outcome> {
  return { requests: items(field, request), outcomes: items('outcomes', outcome) };
}

function items<Item>(field: string, codec: Codec<Item>) {
  return {
    encode: (values: readonly Item[]) => ({ [field]: values.map((value) => codec.encode(value)) }),
    decode: (message: Parameters<Codec<Item>['decode']>[0]) => list(message, field).map((item) => codec.decode(item)),
  };
}
