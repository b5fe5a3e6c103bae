import { HttpException } from '@nestjs/common';
import { EstError, type EstErrorCode } from '@touchmark/est';
import { type DescribeError, type Problem, type ProblemDescription, toProblem } from '@touchmark/server';
import { describeEnrollmentError } from '../describe-enrollment-error.js';
import { EnrollmentRefusedError, type EnrollmentRefusalCode, NotAuthenticError } from './est-error.js';

/** RFC 7030 section 3.2.3: who proved nothing is challenged, since libest and Bouncy Castle wait for that. */
const CHALLENGE = { 'WWW-Authenticate': 'Basic realm="EST", charset="UTF-8"' };

/** Anything that was thrown on an EST path, as a problem; what nobody knows becomes INTERNAL and says nothing about itself. */
export function toEstProblem(error: unknown): Problem {
  return toProblem(
    isFastifyRefusal(error) ? new HttpException(error.message, error.statusCode) : error,
    describeEstError,
  );
}

const describeEstError: DescribeError = (error) => {
  if (error instanceof NotAuthenticError) {
    return { status: 401, title: 'The device could not be authenticated', headers: CHALLENGE };
  }
  if (error instanceof EnrollmentRefusedError) return describeRefusal(error.code);
  if (error instanceof EstError) return describeCodec(error.code);
  return describeEnrollmentError(error);
};

function describeRefusal(code: EnrollmentRefusalCode): ProblemDescription {
  switch (code) {
    case 'LABEL_UNKNOWN':
    case 'POLICY_MISSING':
      return { status: 404, title: 'There is no such enrollment policy' };
    case 'LABEL_NOT_ALLOWED':
    case 'MODEL_NOT_ALLOWED':
    case 'BOOTSTRAP_NOT_ALLOWED':
      return { status: 403, title: 'The enrollment policy does not allow this' };
    case 'CERTIFICATE_NOT_DEVICE':
    case 'REENROLL_NEEDS_LDEVID':
    case 'DEVICE_UNKNOWN':
      return { status: 403, title: 'The certificate presented does not allow this' };
    default:
      return code satisfies never;
  }
}

function describeCodec(code: EstErrorCode): ProblemDescription | undefined {
  switch (code) {
    case 'BODY_EMPTY':
      return {
        status: 400,
        title: 'There is no body',
        detail: 'the body is a certification request, base64 of its DER',
      };
    case 'BODY_NOT_BASE64':
      return { status: 400, title: 'Not base64', detail: 'the body is not base64 (RFC 4648 section 4)' };
    case 'BODY_PEM_MALFORMED':
      return { status: 400, title: 'Not base64', detail: 'the body begins as PEM but is not one whole block' };
    case 'BODY_TOO_LARGE':
      return { status: 413, title: 'Too large', detail: 'the certification request is too large' };
    case 'CERTS_ONLY_MALFORMED':
    case 'CSR_ATTRIBUTES_MALFORMED':
      // What clients read; no server is asked to.
      return undefined;
    default:
      return code satisfies never;
  }
}

function isFastifyRefusal(error: unknown): error is Error & { statusCode: number } {
  const coded = error instanceof Error && 'code' in error && String(error.code).startsWith('FST_');
  return coded && 'statusCode' in error && typeof error.statusCode === 'number';
}
