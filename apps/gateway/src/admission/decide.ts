import type { IncomingMessage } from 'node:http';
import { type Accepted, formatSpiffeId, type Verifier } from '@touchmark/verifier';
import { isUnambiguous } from '../headers/forwarded-headers.js';
import type { Device, Policy, Question, Route } from '../policy/policy.js';
import { parseRequestTarget } from '../policy/request-target.js';
import type { Refusal } from '../refusal.js';
import type { EndedBecause, Exchange } from './exchanges.js';
import type { Peers } from './peers.js';
import { RateLimits } from './rate-limits.js';

export interface Admitted {
  readonly ok: true;
  readonly accepted: Accepted;
  readonly device: Device;
  readonly question: Question;
  readonly route: Route;
  /** The target as the upstream gets it. */
  readonly target: string;
  /** It was let through although knowledge is stale: its route says so. */
  readonly stale: boolean;
  /** Octets of body. */
  readonly maxBody: number;
}

export type Admission = Admitted | ({ readonly ok: false; readonly route?: string | undefined } & Refusal);

export interface DecideOptions {
  readonly peers: Pick<Peers, 'judge'>;
  readonly verifier: Pick<Verifier, 'status'>;
  readonly policy: Policy;
  /** For routes that do not say. */
  readonly whenStale: 'deny' | 'allow';
  readonly maxBody: number;
}

/** The whole decision about a request, in one order: certificate, form, policy, age of knowledge, size, rate. */
export class Decide {
  private readonly options: DecideOptions;
  private policy: Policy;
  private limits: RateLimits;

  constructor(options: DecideOptions) {
    this.options = options;
    this.policy = options.policy;
    this.limits = new RateLimits(options.policy);
  }

  /** From now on decides by another policy; what devices used up of rates that stay the same counts on. */
  setPolicy(policy: Policy): void {
    this.limits = new RateLimits(policy, this.limits);
    this.policy = policy;
  }

  /** Routes that let requests through when knowledge is stale. */
  routesAllowedStale(): readonly Route[] {
    return this.policy.routes.filter((route) => this.whenStale(route) === 'allow');
  }

  /** Why what was allowed once may not go on by the policy and the age of knowledge of this moment; undefined if it may. */
  readonly whyNot = ({ question, device }: Pick<Exchange, 'question' | 'device'>): EndedBecause | undefined => {
    const decision = this.policy.decide(question, device);
    if (!decision.ok) return 'POLICY_CHANGED';
    const { stale } = this.options.verifier.status();
    return stale && this.whenStale(decision.route) === 'deny' ? 'STATUS_STALE' : undefined;
  };

  async run(request: IncomingMessage, upgrade: boolean): Promise<Admission> {
    const judged = this.options.peers.judge(request.socket);
    if (!judged.ok) return judged;
    const { accepted, device } = judged;

    if (request.rawHeaders.length > 2 * MAX_FIELDS) return { ok: false, code: 'HEADERS_TOO_LARGE' };
    if (!isUnambiguous(request) || (upgrade && hasBody(request))) return { ok: false, code: 'REQUEST_MALFORMED' };
    const target = parseRequestTarget(request.url ?? '');
    if (target === undefined) return { ok: false, code: 'PATH_AMBIGUOUS' };
    const question = { method: request.method ?? '', segments: target.segments, upgrade };
    const decision = this.policy.decide(question, device);
    if (!decision.ok) return decision;
    const { route } = decision;

    const { stale } = this.options.verifier.status();
    if (stale && this.whenStale(route) === 'deny') return { ok: false, code: 'STATUS_STALE', route: route.name };
    const maxBody = route.maxBody ?? this.options.maxBody;
    if (Number(request.headers['content-length'] ?? 0) > maxBody) {
      return { ok: false, code: 'BODY_TOO_LARGE', route: route.name };
    }
    const retryAfter = await this.limits.consume(route, formatSpiffeId({ kind: 'device', ...device }));
    if (retryAfter !== undefined) return { ok: false, code: 'RATE_LIMITED', route: route.name, retryAfter };
    return { ok: true, accepted, device, question, route, target: target.canonical, stale, maxBody };
  }

  private whenStale(route: Route): 'deny' | 'allow' {
    return route.whenStale ?? this.options.whenStale;
  }
}

/** Servers behind us may read no more than so many, and leave out the rest: what we say comes last. */
const MAX_FIELDS = 500;

/** Whether a body comes with the request. */
export function hasBody({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}
