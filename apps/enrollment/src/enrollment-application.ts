import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { type ApplicationOptions, IdempotencyInterceptor, serveOpenApi } from '@touchmark/server';
import type { Database } from '@touchmark/store';
import { accessTokenVerifier } from './access/access-token-verifier.js';
import { describeEnrollmentError } from './describe-enrollment-error.js';
import { sqlIdempotencyStore } from './idempotency/sql-idempotency-store.js';

/** What `createApplication` needs of this app: its errors, who judges its tokens, the memory behind Idempotency-Key. */
export function enrollmentApplication(
  db: Database,
  now: () => number,
): Pick<ApplicationOptions, 'describeError' | 'tokens' | 'interceptors'> {
  return {
    describeError: describeEnrollmentError,
    tokens: () => accessTokenVerifier(db, now),
    interceptors: () => [new IdempotencyInterceptor(sqlIdempotencyStore(db), now)],
  };
}

/** `GET /v1/openapi.json`, to be called before the listeners open. */
export function serveEnrollmentApi(app: NestFastifyApplication, version: string): void {
  serveOpenApi(app, {
    title: 'Touchmark',
    version,
    description: 'Registry, provisioning and status of devices. Times are UTC seconds, serial numbers lower-case hex.',
  });
}
