import { HttpException, type NestInterceptor, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { authorizeRoutes, type TokenVerifier } from '../access/authorize.js';
import type { DescribeError } from '../errors/problem.js';
import type { ErrorRenderer } from '../errors/render.js';
import { ErrorFilter } from '../errors/error-filter.js';
import { listenerConstraint } from '../listeners/on-listener.js';
import { NestLogger } from '../observe/nest-logger.js';
import { logRequests } from '../observe/request-log.js';
import type { RandomBytes } from '../random.js';
import { checkMediaTypes, parseBodies } from './media-types.js';
import { recordRoutes } from './route-table.js';
import { validationPipe } from './validation.js';

export interface ApplicationOptions {
  readonly logger: Logger;
  readonly randomBytes: RandomBytes;
  /** The app's exhaustive switches: its libraries' codes as problems. */
  readonly describeError: DescribeError;
  /** Which renderer answers a request, where a process serves more than the JSON API. */
  readonly rendererFor?: (request: FastifyRequest) => ErrorRenderer;
  /** Who judges bearer tokens; asked of the application once it is wired. Without it no token is good. */
  readonly tokens?: (app: NestFastifyApplication) => TokenVerifier;
  /** Interceptors around every Nest route (idempotency). */
  readonly interceptors?: (app: NestFastifyApplication) => NestInterceptor[];
  /** Octets of a JSON body. Default 256 KiB. */
  readonly bodyLimit?: number;
}

const JSON_BODY_LIMIT = 262_144;
// An OCSP request in a GET path (RFC 5019 section 5) is the longest parameter that we take.
const MAX_PARAMETER_LENGTH = 1024;

/** A Nest application on Fastify with everything that our apps share, not yet initialised and on no port. */
export async function createApplication(
  rootModule: Type | Parameters<typeof NestFactory.create>[0],
  options: ApplicationOptions,
): Promise<NestFastifyApplication> {
  const errors = new ErrorFilter(options);
  const adapter = new FastifyAdapter({
    routerOptions: { constraints: { listener: listenerConstraint }, maxParamLength: MAX_PARAMETER_LENGTH },
    bodyLimit: options.bodyLimit ?? JSON_BODY_LIMIT,
    genReqId: requestIds(options.randomBytes),
    // Express-style middleware costs every request, hot routes too, and nothing of ours needs it.
    skipMiddie: true,
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      errors.answer(new HttpException(error.message, error.statusCode ?? 400, { cause: error }), request, reply);
    },
  });
  const fastify: FastifyInstance = adapter.getInstance();
  recordRoutes(fastify);
  const app = await NestFactory.create<NestFastifyApplication>(rootModule, adapter, {
    logger: new NestLogger(options.logger),
    bodyParser: false,
    abortOnError: false,
  });
  const noTokens: TokenVerifier = { verify: () => Promise.reject(new TypeError('no token verifier was given')) };
  const tokens = options.tokens?.(app) ?? noTokens;
  logRequests(fastify, options.logger);
  authorizeRoutes(fastify, tokens);
  checkMediaTypes(fastify);
  parseBodies(fastify);
  app.useGlobalPipes(validationPipe());
  app.useGlobalFilters(errors);
  app.useGlobalInterceptors(...(options.interceptors?.(app) ?? []));
  return app;
}

/** The Fastify instance beneath, for plain routes on hot paths. */
export function fastifyOf(app: NestFastifyApplication): FastifyInstance {
  return app.getHttpAdapter().getInstance();
}

/** Ids that tell requests of this and every earlier run apart: eight random octets for the run, and a count. Nobody guesses by them. */
function requestIds(randomBytes: RandomBytes): () => string {
  const run = Buffer.from(randomBytes(8)).toString('hex');
  let count = 0;
  return () => `${run}-${(count++).toString(36)}`;
}
