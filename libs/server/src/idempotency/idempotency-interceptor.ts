import { hash } from 'node:crypto';
import { type CallHandler, type ExecutionContext, type NestInterceptor, SetMetadata } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { from, type Observable, of, switchMap } from 'rxjs';
import type { Principal } from '../access/principal.js';
import { ServerError } from '../errors/server-error.js';
import { canonicalJson } from './canonical-json.js';
import type { IdempotencyScope, IdempotencyStore, StoredAnswer } from './idempotency-store.js';

const KEPT_SECONDS = 24 * 3600;
const ABANDONED_SECONDS = 60;
const RETRY_SECONDS = 1;
/** Characters of a target that is named as it is; a longer one by its hash, so that the store's key stays short. */
const MAX_TARGET_LENGTH = 255;
/** Visible ASCII; a quoted string, as the draft header field defines it, is one too. */
const KEY = /^[\x21-\x7e]{1,255}$/;

const SECRET_FIELDS = 'touchmark:secretFields';

/** Names the top-level members of the handler's answer that are shown once: a replay comes without them. */
export const SecretFields = (...names: string[]): MethodDecorator => SetMetadata(SECRET_FIELDS, names);

/**
 * `Idempotency-Key` on JSON POSTs: the same key with the same body gets the first answer again (without its secrets,
 * and with `Idempotency-Replayed: true`), with another body 409. Errors are not kept: a refusal is decided anew.
 */
export class IdempotencyInterceptor implements NestInterceptor {
  readonly #store: IdempotencyStore;
  readonly #now: () => number;

  constructor(store: IdempotencyStore, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const scope = scopeOf(request);
    if (!scope) return next.handle();

    const replay = await this.#claim(scope, request.body);
    if (replay) {
      reply.status(replay.status).header('Idempotency-Replayed', 'true');
      return of(replay.body === undefined ? undefined : JSON.parse(replay.body));
    }
    const secrets = Reflect.getMetadata(SECRET_FIELDS, context.getHandler()) ?? [];
    const complete = async (answer: unknown): Promise<unknown> => {
      await this.#store.complete(scope, { status: reply.statusCode, body: withoutSecrets(answer, secrets) });
      return answer;
    };
    return from(this.#run(scope, next)).pipe(switchMap(complete));
  }

  async #claim(scope: IdempotencyScope, body: unknown): Promise<StoredAnswer | undefined> {
    const at = this.#now();
    const bodyHash = new Uint8Array(hash('sha256', canonicalJson(body), 'buffer'));
    const record = await this.#store.claim({
      ...scope,
      bodyHash,
      at,
      until: at + KEPT_SECONDS,
      abandonedBefore: at - ABANDONED_SECONDS,
    });
    if (!record) return undefined;
    if (Buffer.compare(record.bodyHash, bodyHash) !== 0) {
      throw new ServerError('IDEMPOTENCY_KEY_REUSED', {}, 'this Idempotency-Key was sent before with another body');
    }
    if (!record.answer) {
      const context = { retryAfter: RETRY_SECONDS };
      throw new ServerError('IDEMPOTENCY_IN_PROGRESS', context, 'the first request with this key is still running');
    }
    return record.answer;
  }

  /** The handler's answer; where it fails, the key is free again before the caller hears of it. */
  async #run(scope: IdempotencyScope, next: CallHandler): Promise<unknown> {
    try {
      return await lastValue(next.handle());
    } catch (error) {
      await this.#store.release(scope);
      throw error;
    }
  }
}

/** Undefined where the request carries no key or is not a JSON POST of a known caller: then there is nothing to do. */
function scopeOf(request: FastifyRequest): IdempotencyScope | undefined {
  const key = request.headers['idempotency-key'];
  const { rules } = request.routeOptions.config;
  if (key === undefined || request.method !== 'POST' || rules?.consumes || !request.principal) return undefined;
  if (typeof key !== 'string' || !KEY.test(key)) {
    throw new ServerError('IDEMPOTENCY_KEY_INVALID', {}, 'an Idempotency-Key is 1 to 255 visible ASCII characters');
  }
  return { owner: ownerOf(request.principal), operation: operationOf(request), key };
}

/** A `sub` alone is what the token's maker wrote there: an answer is replayed only to those who may do the same. */
function ownerOf({ sub, roles, factory }: Principal): string {
  return hash('sha256', canonicalJson({ sub, roles: [...roles].toSorted(), factory }), 'hex');
}

function operationOf({ method, url }: FastifyRequest): string {
  return `${method} ${url.length <= MAX_TARGET_LENGTH ? url : hash('sha256', url, 'hex')}`;
}

function withoutSecrets(answer: unknown, secrets: readonly string[]): string | undefined {
  if (typeof answer !== 'object' || answer === null) return JSON.stringify(answer);
  return JSON.stringify(Object.fromEntries(Object.entries(answer).filter(([name]) => !secrets.includes(name))));
}

function lastValue(values: Observable<unknown>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let last: unknown;
    values.subscribe({
      next: (value) => {
        last = value;
      },
      error: reject,
      complete: () => resolve(last),
    });
  });
}
