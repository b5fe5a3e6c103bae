import { caRefusalCodes, CaUnavailableError } from '@touchmark/ca-port';
import { EstError } from '@touchmark/est';
import { StoreError } from '@touchmark/store';
import { describe, expect, it } from 'vitest';
import { EnrollmentError } from '../enrollment-error.js';
import { problemAnswer } from './est-answer.js';
import { EnrollmentRefusedError, NotAuthenticError } from './est-error.js';
import { toEstProblem } from './est-problem.js';

const byCa = (code: (typeof caRefusalCodes)[number]) => EnrollmentError.fromRefusal({ ok: false, code, detail: 'why' });

describe('toEstProblem', () => {
  it.each([
    [new NotAuthenticError('CERT_EXPIRED'), 401],
    [new EnrollmentRefusedError('LABEL_UNKNOWN'), 404],
    [new EnrollmentRefusedError('LABEL_NOT_ALLOWED'), 403],
    [new EstError('BODY_NOT_BASE64'), 400],
    [new EstError('BODY_TOO_LARGE'), 413],
    [byCa('PARENT_SUSPENDED'), 403],
    [byCa('CSR_MALFORMED'), 400],
    [new TypeError('a bug'), 500],
    [new EstError('CERTS_ONLY_MALFORMED'), 500],
  ])('%s: %i', (error, status) => {
    expect(toEstProblem(error).status).toBe(status);
  });

  it('only who is not authentic is challenged', () => {
    expect(toEstProblem(new NotAuthenticError('UNKNOWN_ISSUER')).headers).toHaveProperty('WWW-Authenticate');
    for (const code of caRefusalCodes) expect(toEstProblem(byCa(code)).headers).toBeUndefined();
  });

  it.each([new CaUnavailableError(undefined), new StoreError('STORE_UNAVAILABLE', undefined), byCa('CLOCK_UNTRUSTED')])(
    '%s: 503 and when to come back',
    (error) => {
      const answer = problemAnswer(toEstProblem(error), 'id');
      expect(answer.status).toBe(503);
      expect(Number(answer.headers?.['Retry-After'])).toBeGreaterThan(0);
    },
  );

  it('what nobody expected says nothing about itself', () => {
    expect(toEstProblem(new Error('password=hunter2'))).toEqual({
      code: 'INTERNAL',
      status: 500,
      title: 'Internal error',
    });
  });
});
