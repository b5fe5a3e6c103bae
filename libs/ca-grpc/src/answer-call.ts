import { type ServiceError, status, type StatusObject } from '@grpc/grpc-js';
import { CaCallRefusedError, type CaPort, CaUnavailableError } from '@touchmark/ca-port';
import { authoritiesCodec, type BatchCodec, batches, type CaCall } from './codec/calls.js';
import type { Message } from './codec/fields.js';
import { CaGrpcError } from './error.js';

/** Decodes what is asked, asks the port, encodes its answer: one function for each call. */
export const answers: { readonly [Call in CaCall]: (port: CaPort, message: Message) => Promise<Message> } = {
  issueCertificates: (port, message) =>
    answerBatch(batches.issueCertificates, message, (requests) => port.issueCertificates(requests)),
  changeStatus: (port, message) => answerBatch(batches.changeStatus, message, (changes) => port.changeStatus(changes)),
  confirmSeen: (port, message) => answerBatch(batches.confirmSeen, message, (sightings) => port.confirmSeen(sightings)),
  openWarrants: (port, message) =>
    answerBatch(batches.openWarrants, message, (warrants) => port.openWarrants(warrants)),
  renewOcspSigners: (port, message) =>
    answerBatch(batches.renewOcspSigners, message, (requests) => port.renewOcspSigners(requests)),
  renewServiceCertificates: (port, message) =>
    answerBatch(batches.renewServiceCertificates, message, (requests) => port.renewServiceCertificates(requests)),
  describeAuthorities: async (port) => authoritiesCodec.encode(await port.describeAuthorities()),
};

async function answerBatch<Request, Outcome>(
  codec: BatchCodec<Request, Outcome>,
  message: Message,
  ask: (requests: readonly Request[]) => Promise<Outcome[]>,
): Promise<Message> {
  return codec.outcomes.encode(await ask(codec.requests.decode(message)));
}

/** What the CA says of a fault of its own. Other words come from HTTP/2: a stream that broke off. */
const FAULT = 'INTERNAL';

/** The gRPC status of what failed. What is not for the caller to know becomes INTERNAL, and nothing is said of it. */
export function statusOf(error: unknown): Pick<StatusObject, 'code' | 'details'> {
  if (error instanceof CaCallRefusedError) return { code: status.PERMISSION_DENIED, details: error.code };
  if (error instanceof CaUnavailableError) return { code: status.UNAVAILABLE, details: error.code };
  if (error instanceof CaGrpcError) {
    const details = `${error.code} ${error.context.reason}`;
    if (error.code === 'MESSAGE_MALFORMED') return { code: status.INVALID_ARGUMENT, details };
    if (error.code === 'CALLER_NOT_ACCEPTED') return { code: status.UNAUTHENTICATED, details };
    if (error.code === 'CALLER_OVER_LIMIT') return { code: status.UNAVAILABLE, details };
  }
  return { code: status.INTERNAL, details: FAULT };
}

// CANCELLED: by our own deadline. UNAUTHENTICATED: until the certificate is renewed or released.
const open: ReadonlySet<status> = new Set([
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.CANCELLED,
  status.UNAUTHENTICATED,
]);

/** What the caller's side makes of a status. Whatever leaves the outcome open, and may pass, is CaUnavailableError. */
export function errorOf(error: ServiceError, refused: () => CaCallRefusedError): Error {
  const { code, details } = error;
  if (open.has(code) || (code === status.INTERNAL && details !== FAULT)) return new CaUnavailableError(error);
  if (code === status.PERMISSION_DENIED) return refused();
  if (code === status.RESOURCE_EXHAUSTED) return new CaGrpcError('MESSAGE_TOO_LARGE', details, error);
  if (code === status.INVALID_ARGUMENT) return new CaGrpcError('MESSAGE_MALFORMED', details, error);
  return new CaGrpcError('CALL_FAILED', status[code], error);
}
