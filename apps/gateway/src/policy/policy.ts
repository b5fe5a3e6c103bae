import { type MatchedIdentity, matchPath, parsePathPattern, type PathPattern } from './path-pattern.js';
import type { PolicyFile, Rate, RouteRule } from './policy-file.js';

/** Who asks, as the verifier read it from the certificate. */
export interface Device {
  readonly realm: string;
  readonly model: string;
  readonly deviceSerial: string;
}

export interface Route {
  readonly name: string;
  readonly rate: Rate | undefined;
  readonly maxBody: number | undefined;
  readonly whenStale: 'deny' | 'allow' | undefined;
}

export type PolicyRefusal =
  /** No route has this path and method. */
  | 'ROUTE_NOT_ALLOWED'
  /** The route is for other realms or models. */
  | 'MODEL_NOT_ALLOWED'
  /** The route, or this path, is for other devices. */
  | 'DEVICE_NOT_ALLOWED'
  | 'UPGRADE_NOT_ALLOWED';

export type Decision =
  | { readonly ok: true; readonly route: Route }
  | { readonly ok: false; readonly code: PolicyRefusal; readonly route: string | undefined };

export interface Question {
  readonly method: string;
  /** From `parseRequestTarget`. */
  readonly segments: readonly string[];
  /** The client wants a WebSocket. */
  readonly upgrade: boolean;
}

/** A policy file made ready. Pure: the same question has the same answer. */
export class Policy {
  readonly routes: readonly Route[];
  /** For all routes together. */
  readonly rate: Rate | undefined;
  private readonly compiled: readonly CompiledRoute[];

  constructor(file: PolicyFile) {
    this.compiled = file.routes.map((rule) => new CompiledRoute(rule, file));
    this.routes = this.compiled.map(({ route }) => route);
    this.rate = file.rate;
  }

  /** Deny by default: the first route whose path and method fit decides, and none means no. */
  decide(question: Question, device: Device): Decision {
    for (const rule of this.compiled) {
      const identity = rule.match(question);
      if (identity === undefined) continue;
      const { name } = rule.route;
      if (question.upgrade && !rule.websocket) return { ok: false, code: 'UPGRADE_NOT_ALLOWED', route: name };
      const code = rule.refusalOf(identity, device);
      return code === undefined ? { ok: true, route: rule.route } : { ok: false, code, route: name };
    }
    return { ok: false, code: 'ROUTE_NOT_ALLOWED', route: undefined };
  }
}

class CompiledRoute {
  readonly route: Route;
  readonly websocket: boolean;
  private readonly methods: ReadonlySet<string>;
  private readonly pattern: PathPattern;
  private readonly grants: readonly Grant[];

  constructor(rule: RouteRule, file: PolicyFile) {
    const pattern = parsePathPattern(rule.path);
    if (pattern === undefined) throw new TypeError(`not a path pattern: ${rule.path}`);
    this.pattern = pattern;
    this.route = { name: rule.name, rate: rule.rate, maxBody: rule.maxBody, whenStale: rule.whenStale };
    this.websocket = rule.websocket;
    this.methods = new Set(rule.methods);
    this.grants = rule.allow.map((grant) => compileGrant(grant, file));
  }

  match({ method, segments }: Question): MatchedIdentity | undefined {
    return this.methods.has(method) ? matchPath(this.pattern, segments) : undefined;
  }

  refusalOf(path: MatchedIdentity, device: Device): PolicyRefusal | undefined {
    const ofKind = this.grants.filter(
      ({ realm, models }) => realm === device.realm && (models === undefined || models.has(device.model)),
    );
    if (ofKind.length === 0) return 'MODEL_NOT_ALLOWED';
    const named = ofKind.some(({ deviceSerials }) => deviceSerials?.has(device.deviceSerial) ?? true);
    return named && isPathOf(path, device) ? undefined : 'DEVICE_NOT_ALLOWED';
  }
}

interface Grant {
  readonly realm: string;
  /** Undefined: every model. */
  readonly models: ReadonlySet<string> | undefined;
  /** Undefined: every device. */
  readonly deviceSerials: ReadonlySet<string> | undefined;
}

/** All that a grant says must hold, so a model beside a role must have that role. */
function compileGrant({ realm, role, model, deviceSerials }: RouteRule['allow'][number], file: PolicyFile): Grant {
  const ofRole = role === undefined ? undefined : (file.roles[role] ?? []);
  const models = model === undefined ? ofRole : [model].filter((one) => ofRole?.includes(one) ?? true);
  return {
    realm: realm ?? file.realm,
    models: models && new Set(models),
    deviceSerials: deviceSerials && new Set(deviceSerials),
  };
}

const isPathOf = ({ realm, model, deviceSerial }: MatchedIdentity, device: Device): boolean =>
  (realm ?? device.realm) === device.realm &&
  (model ?? device.model) === device.model &&
  (deviceSerial ?? device.deviceSerial) === device.deviceSerial;
