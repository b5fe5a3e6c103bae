import { parseArgs } from 'node:util';
import { parseSpiffeId } from '@touchmark/verifier';
import { readPolicy } from './parse-policy.js';
import { parseRequestTarget } from './request-target.js';

export interface PolicyAnswer {
  readonly text: string;
  /** False where the request that was asked about is denied. */
  readonly allowed: boolean;
}

/**
 * Answers `--check-policy <file>`: whether it can be used, and with `--as <SPIFFE ID> --method <method> --path <path> [--websocket]` whether
 * that device may do that. Undefined where it is not asked for. PolicyFileError; TypeError for options that cannot be read.
 */
export async function answerCheckPolicy(argv: readonly string[]): Promise<PolicyAnswer | undefined> {
  if (!argv.includes('--check-policy')) return undefined;
  const { values } = parseArgs({
    args: argv.slice(argv.indexOf('--check-policy')),
    options: {
      'check-policy': { type: 'string' },
      as: { type: 'string' },
      method: { type: 'string', default: 'GET' },
      path: { type: 'string' },
      websocket: { type: 'boolean', default: false },
    },
  });
  const policy = await readPolicy(values['check-policy'] ?? '');
  const { as, path, method, websocket: upgrade } = values;
  if (as === undefined && path === undefined) {
    return { text: `The policy is usable: ${policy.routes.length} routes.`, allowed: true };
  }
  const device = parseSpiffeId(as ?? '');
  if (device?.kind !== 'device') throw new TypeError('--as takes spiffe://<realm>/device/<model>/<deviceSerial>');
  const target = parseRequestTarget(path ?? '');
  if (target === undefined) return { text: 'denied: PATH_AMBIGUOUS', allowed: false };
  const decision = policy.decide({ method, segments: target.segments, upgrade }, device);
  if (decision.ok) return { text: `allowed by the route ${decision.route.name}`, allowed: true };
  const by = decision.route === undefined ? '' : ` (route ${decision.route})`;
  return { text: `denied: ${decision.code}${by}`, allowed: false };
}
