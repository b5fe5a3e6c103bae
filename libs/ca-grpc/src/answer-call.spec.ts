import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { CaCallRefusedError, CaUnavailableError } from '@touchmark/ca-port';
import { describe, expect, it } from 'vitest';
import { errorOf, statusOf } from './answer-call.js';
import { CaGrpcError } from './error.js';

function serviceError(code: status, details = ''): ServiceError {
  return Object.assign(new Error(details), { code, details, metadata: new Metadata() });
}

const refused = new CaCallRefusedError('responder', 'changeStatus');
const codeOf = (error: ServiceError): unknown => errorOf(error, () => refused);

describe('errors cross the wire', () => {
  it.each<[string, Error, string]>([
    ['the CA is away', new CaUnavailableError(new Error('x')), 'CA_UNAVAILABLE'],
    ['a call that is not allowed', refused, 'CALL_NOT_ALLOWED'],
    ['a message without what it must have', new CaGrpcError('MESSAGE_MALFORMED', 'act'), 'MESSAGE_MALFORMED'],
    ['a caller that does not count', new CaGrpcError('CALLER_NOT_ACCEPTED', 'CERT_REVOKED'), 'CA_UNAVAILABLE'],
    ['a fault', new TypeError('secret'), 'CALL_FAILED'],
  ])('%s', (_, thrown, code) => {
    const { code: wire, details } = statusOf(thrown);
    expect(codeOf(serviceError(wire, details))).toMatchObject({ code });
    expect(details).not.toContain('secret');
  });

  it.each([status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.CANCELLED, status.UNAUTHENTICATED])(
    'status %i leaves the outcome open: CaUnavailableError',
    (code) => {
      expect(codeOf(serviceError(code))).toBeInstanceOf(CaUnavailableError);
    },
  );

  it('INTERNAL that HTTP/2 made of a broken stream leaves it open as well', () => {
    const error = serviceError(status.INTERNAL, 'Received RST_STREAM with code 2');
    expect(codeOf(error)).toBeInstanceOf(CaUnavailableError);
  });

  it.each([status.UNKNOWN, status.UNIMPLEMENTED, status.DATA_LOSS, status.NOT_FOUND])(
    'status %i, which the CA does not give: CALL_FAILED',
    (code) => {
      expect(codeOf(serviceError(code))).toMatchObject({ code: 'CALL_FAILED', context: { reason: status[code] } });
    },
  );
});
