import { z } from 'zod';
import { CliError, type ServiceProblem } from '../cli-error.js';
import type { HttpAnswer } from './http.js';

/** RFC 9457, as the service writes it. */
const Problem = z.object({
  title: z.string(),
  detail: z.string().optional(),
  code: z.string(),
  requestId: z.string().optional(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});

/** `CODE: detail (request id)`, as EST answers. */
const EST_PROBLEM = /^([A-Z0-9_]+): (.*) \(request ([^)]+)\)\s*$/s;

interface Told extends ServiceProblem {
  readonly text: string;
}

/** The error for an answer that is none of success. */
export function refusalOf({ status, contentType, retryAfter, body }: HttpAnswer, origin: string): CliError {
  const { text, ...service } = readProblem(status, contentType, body);
  if (status === 401) {
    const hint =
      'Is the token complete, not revoked and not past its end? An admin makes a new one: touchmark token create.';
    return new CliError('NOT_AUTHENTICATED', `${origin} does not accept who we are: ${text}`, { hint, service });
  }
  if (status === 429 || status >= 500) {
    const hint =
      retryAfter === undefined
        ? 'Try again; if it stays, read the log of the service.'
        : `Try again in ${retryAfter} s.`;
    return new CliError('SERVICE_UNAVAILABLE', `${origin} cannot answer now: ${text}`, { hint, service });
  }
  const hint = hints[service.code];
  const fields = (service.errors ?? [])
    .map(({ path, message }) => `\n  ${path === '' ? '' : `${path}: `}${message}`)
    .join('');
  return new CliError('SERVICE_REFUSED', `${service.code}: ${text}${fields}`, {
    ...(hint !== undefined && { hint }),
    service,
  });
}

function readProblem(status: number, contentType: string, body: Buffer): Told {
  const text = body.subarray(0, 4096).toString('utf8').trim();
  if (contentType.startsWith('application/problem+json')) {
    const problem = Problem.safeParse(parseJson(body));
    if (problem.success) {
      const { code, title, detail, requestId, errors } = problem.data;
      return { status, code, text: detail ?? title, requestId, errors };
    }
  }
  const [, code, detail = '', requestId] = EST_PROBLEM.exec(text) ?? [];
  if (code !== undefined) return { status, code, text: detail, requestId };
  return { status, code: `HTTP_${status}`, text: text === '' ? `HTTP status ${status}` : text };
}

export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** What to do next, for codes where that is not in the text already. All codes: docs/errors.md. */
const hints: Readonly<Record<string, string>> = {
  ROLE_MISSING: 'The token has not the role for this: an admin makes one that has (touchmark token create --role …).',
  MODEL_UNKNOWN: 'Which there are: touchmark model list. A new one: touchmark model create.',
  POLICY_UNKNOWN: 'Which there are: touchmark policy list. A new one: touchmark policy create.',
  FACTORY_UNKNOWN: 'Which there are: touchmark factory list. A new one: touchmark factory create.',
  BATCH_UNKNOWN: 'Which there are: touchmark batch list.',
  MODEL_NOT_ALLOWED: 'Let its devices use the policy: touchmark policy allow POLICY MODEL.',
  SUBJECT_HELD: 'Release the device first: touchmark release DEVICE.',
  SUBJECT_CLOSED:
    'The device was revoked or retired, and renews nothing. An admin can let it start over (touchmark device recommission DEVICE); then it enrols with a new key.',
  KEY_BLOCKED: 'This key was revoked as compromised: move it away and enrol with a new one.',
  KEY_REVOKED: 'The certificate of this key was revoked: move the key away and enrol with a new one.',
  DEVICE_KEY_CONFLICT:
    'The device has a valid certificate with another key: find out which is right, revoke the other.',
};
