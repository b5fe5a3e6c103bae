import type {
  AuthorityDescription,
  OcspSignerOutcome,
  OcspSignerRequest,
  RenewedServiceCertificate,
  ServiceRenewalOutcome,
  ServiceRenewalRequest,
} from '@touchmark/ca-port';
import { authorityKinds } from './enums.js';
import { bytes, int64, integer, text } from './fields.js';
import { type Codec, outcomeCodec } from './shared.js';

export const ocspSignerCodec: Codec<OcspSignerRequest> = {
  encode: ({ authorityId, csr }) => ({ authorityId, csr }),
  decode: (message) => ({ authorityId: text(message, 'authorityId'), csr: bytes(message, 'csr') }),
};

type RenewedOcspSigner = Extract<OcspSignerOutcome, { ok: true }>;

export const ocspSignerOutcomeCodec: Codec<OcspSignerOutcome> = outcomeCodec('renewed', {
  encode: ({ certificate, notAfter }) => ({ certificate, notAfter: int64(notAfter) }),
  decode: (message): RenewedOcspSigner => ({
    ok: true,
    certificate: bytes(message, 'certificate'),
    notAfter: integer(message, 'notAfter'),
  }),
});

export const serviceRenewalCodec: Codec<ServiceRenewalRequest> = {
  encode: ({ certificate, csr, proof }) => ({ certificate, csr, proof }),
  decode: (message) => ({
    certificate: bytes(message, 'certificate'),
    csr: bytes(message, 'csr'),
    proof: bytes(message, 'proof'),
  }),
};

export const serviceRenewalOutcomeCodec: Codec<ServiceRenewalOutcome> = outcomeCodec('renewed', {
  encode: ({ certificate, issuerCertificate, notBefore, notAfter }) => ({
    certificate,
    issuerCertificate,
    notBefore: int64(notBefore),
    notAfter: int64(notAfter),
  }),
  decode: (message): RenewedServiceCertificate => ({
    ok: true,
    certificate: bytes(message, 'certificate'),
    issuerCertificate: bytes(message, 'issuerCertificate'),
    notBefore: integer(message, 'notBefore'),
    notAfter: integer(message, 'notAfter'),
  }),
});

export const authorityCodec: Codec<AuthorityDescription> = {
  encode: ({ id, kind, certificate }) => ({ id, kind: authorityKinds.encode(kind), certificate }),
  decode: (message) => ({
    id: text(message, 'id'),
    kind: authorityKinds.decode(message, 'kind'),
    certificate: bytes(message, 'certificate'),
  }),
};
