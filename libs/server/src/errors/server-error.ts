/** One invalid member of a request: where (dotted path, empty for the whole value) and what is wrong with it. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

/** One setting that cannot be used: its variable, and what is wrong with it. */
export interface SettingError {
  readonly variable: string;
  readonly message: string;
}

/** The context of each code. The keys are the closed union of what this library refuses. */
export interface ServerErrorContexts {
  /** Another process listens there already. `setting` is the name of the configuration variable to change. */
  PORT_IN_USE: { listener: string; host: string; port: number; setting: string };
  /** The operating system does not let this user listen there. */
  PORT_FORBIDDEN: { listener: string; host: string; port: number; setting: string };
  /** The address is not one of this machine's, or cannot be listened on for another reason (see `cause`). */
  LISTEN_FAILED: { listener: string; host: string; port: number; setting: string };
  /** An older Node.js than the one that the tests run on. */
  NODE_TOO_OLD: { version: string; needed: string };
  /** A route names no listener, or says neither who may call it nor that everyone may. */
  ROUTE_UNPROTECTED: { routes: readonly string[] };
  CONFIG_INVALID: { settings: readonly SettingError[] };
  VALIDATION_FAILED: { errors: readonly FieldError[] };
  MEDIA_TYPE_UNSUPPORTED: { accepted: readonly string[] };
  /** No bearer token where one is needed. */
  TOKEN_MISSING: object;
  /** Not a token of ours: unreadable, unknown key, wrong signature or unexpected claims. */
  TOKEN_INVALID: object;
  TOKEN_EXPIRED: { exp: number; at: number };
  TOKEN_REVOKED: { jti: string };
  /** Authentic, but none of the roles that the route asks for. */
  ROLE_MISSING: { roles: readonly string[] };
  IDEMPOTENCY_KEY_INVALID: object;
  /** The key was used before with another request. */
  IDEMPOTENCY_KEY_REUSED: object;
  /** The first request with this key has not been answered yet. */
  IDEMPOTENCY_IN_PROGRESS: { retryAfter: number };
  NOT_READY: { failing: readonly string[] };
}

export type ServerErrorCode = keyof ServerErrorContexts;

/** Everything that this library refuses. `context` belongs to `code`; nothing in either is secret. */
export class ServerError<C extends ServerErrorCode = ServerErrorCode> extends Error {
  readonly code: C;
  readonly context: ServerErrorContexts[C];

  constructor(code: C, context: ServerErrorContexts[C], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ServerError';
    this.code = code;
    this.context = context;
  }

  /** Narrows a caught value to one code and its context. */
  static is<K extends ServerErrorCode>(value: unknown, code: K): value is ServerError<K> {
    return value instanceof ServerError && value.code === code;
  }
}
