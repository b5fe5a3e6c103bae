import { TLSSocket } from 'node:tls';
import {
  encodeCertsOnly,
  EstContentType,
  estMethods,
  type EstOperation,
  type EstPath,
  isPkcs10,
  parseEstPath,
  wrapFor,
} from '@touchmark/est';
import { channelBinding, peerCertificates, publicRoute, ServerError } from '@touchmark/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { readCertificationRequest } from './read-certification-request.js';
import { type BasicCredentials, parseBasicCredentials } from './basic-credentials.js';
import type { CaCerts } from './cacerts.js';
import type { CsrAttrs } from './csrattrs.js';
import { type EstAnswer, messageAnswer, problemAnswer, writeAnswer } from './est-answer.js';
import { toEstProblem } from './est-problem.js';
import type { Sightings } from './sightings.js';
import type { EnrollRequest, SimpleEnroll } from './simple-enroll.js';
import type { SimpleReenroll } from './simple-reenroll.js';

export interface EstUseCases {
  readonly caCerts: Pick<CaCerts, 'run'>;
  readonly csrAttrs: Pick<CsrAttrs, 'run'>;
  readonly simpleEnroll: Pick<SimpleEnroll, 'run'>;
  readonly simpleReenroll: Pick<SimpleReenroll, 'run'>;
  readonly sightings: Pick<Sightings, 'run'>;
  /** What failed although the client did nothing wrong. */
  readonly onError: (error: unknown, requestId?: string) => void;
}

const PREFIX = '/.well-known/est';
const MAX_BODY_BYTES = 65_536;
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
/** Optional operations that are not there lead as little anywhere as any other path (RFC 7030 section 3.2.2). */
const NOT_OFFERED: ReadonlySet<EstOperation> = new Set<EstOperation>(['serverkeygen', 'fullcmc']);
/** Seconds: a small part of the years for which old and new issuing CAs overlap. */
const CA_CERTS_MAX_AGE = 3600;

/**
 * EST on the device listener. Plain Fastify handlers and no Nest controller: Nest's pipeline would cost more than the rest of
 * the request, and EST has its own idea of errors and of header names.
 */
export class EstController {
  private readonly useCases: EstUseCases;

  constructor(useCases: EstUseCases) {
    this.useCases = useCases;
  }

  /**
   * Adds the routes to an instance that is not ready yet. Not awaited: that would start Fastify, and every route added later
   * would be without the error handler that Nest sets last.
   */
  register(fastify: FastifyInstance): void {
    const refuse = this.refuse.bind(this);
    const handler = this.handle.bind(this);
    const rules = { consumes: [EstContentType.pkcs10], bodyLimit: MAX_BODY_BYTES };
    void fastify.register(
      (scope, _options, done) => {
        scope.setErrorHandler(refuse);
        scope.setNotFoundHandler((request, reply) => writeAnswer(reply, notFound(request)));
        scope.route({ method: METHODS, url: '/*', ...publicRoute('device', rules), handler });
        done();
      },
      { prefix: PREFIX },
    );
  }

  private async handle(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    try {
      writeAnswer(reply, await this.answer(request));
    } catch (error) {
      this.refuse(error, request, reply);
    }
  }

  private refuse(error: unknown, { id }: FastifyRequest, reply: FastifyReply): void {
    const problem = toEstProblem(error);
    if (problem.status >= 500) this.useCases.onError(error, id);
    writeAnswer(reply, problemAnswer(problem, id));
  }

  private async answer(request: FastifyRequest): Promise<EstAnswer> {
    const path = parseEstPath(request.raw.url?.split('?', 1)[0] ?? '');
    if (path === undefined || NOT_OFFERED.has(path.operation)) return notFound(request);
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    if (method !== estMethods[path.operation]) return methodNotAllowed(path, request);
    switch (path.operation) {
      case 'cacerts':
        this.noteSighting(request);
        return this.caCerts(request);
      case 'csrattrs':
        this.noteSighting(request);
        return this.csrAttrs(path, request);
      case 'simpleenroll': {
        const credentials = readCredentials(request);
        return issued(await this.useCases.simpleEnroll.run({ ...readEnrollment(path, request), credentials }), request);
      }
      case 'simplereenroll':
        return issued(await this.useCases.simpleReenroll.run(readEnrollment(path, request)), request);
      case 'serverkeygen':
      case 'fullcmc':
      default:
        return notFound(request);
    }
  }

  /** The label does not matter: there is one hierarchy, whatever policy a device enrols under. */
  private async caCerts({ headers: { 'user-agent': userAgent, 'if-none-match': ifNoneMatch } }: FastifyRequest) {
    const { der, version } = await this.useCases.caCerts.run();
    const etag = `"${version}${wrapFor(userAgent) === undefined ? '' : '-lines'}"`;
    const headers = { ETag: etag, 'Cache-Control': `public, max-age=${CA_CERTS_MAX_AGE}`, Vary: 'User-Agent' };
    const fresh = ifNoneMatch?.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag) === true;
    return fresh ? { status: 304, headers } : messageAnswer(EstContentType.certsOnly, der, userAgent, headers);
  }

  private async csrAttrs({ label }: EstPath, { headers }: FastifyRequest): Promise<EstAnswer> {
    const der = await this.useCases.csrAttrs.run(label);
    if (der === undefined) return { status: 204 };
    return messageAnswer(EstContentType.csrAttributes, der, headers['user-agent']);
  }

  /** Beside the answer, which is public and need not wait for the CA. */
  private noteSighting(request: FastifyRequest): void {
    const { sightings, onError } = this.useCases;
    sightings.run(peerCertificates(request)).catch((error: unknown) => onError(error, request.id));
  }
}

/** RFC 7030 section 4.2.3: 200, and nothing but the certificate. */
function issued(certificate: Uint8Array, { headers }: FastifyRequest): EstAnswer {
  const message = encodeCertsOnly([certificate]);
  return messageAnswer(EstContentType.certsOnly, message, headers['user-agent'], { 'Cache-Control': 'no-store' });
}

function readEnrollment({ label }: EstPath, request: FastifyRequest): Omit<EnrollRequest, 'credentials'> {
  const contentType = request.headers['content-type'];
  // A request without a body has passed the check of media types.
  if (contentType !== undefined && !isPkcs10(contentType)) {
    const accepted = [EstContentType.pkcs10];
    throw new ServerError('MEDIA_TYPE_UNSUPPORTED', { accepted }, 'this takes application/pkcs10');
  }
  const body = request.body instanceof Uint8Array ? request.body : new Uint8Array();
  const readCsr = (): Uint8Array => readCertificationRequest(body, () => channelBinding(request));
  return { label, chain: peerCertificates(request), readCsr, source: request.ip };
}

/** RFC 7030 section 3.2.3: passwords only inside TLS. */
function readCredentials(request: FastifyRequest): BasicCredentials | undefined {
  return request.raw.socket instanceof TLSSocket ? parseBasicCredentials(request.headers.authorization) : undefined;
}

function notFound({ id }: FastifyRequest): EstAnswer {
  return problemAnswer({ code: 'NOT_FOUND', status: 404, title: 'There is no such EST operation' }, id);
}

function methodNotAllowed({ operation }: EstPath, { id }: FastifyRequest): EstAnswer {
  const allow = estMethods[operation] === 'GET' ? 'GET, HEAD' : 'POST';
  const problem = { code: 'METHOD_NOT_ALLOWED', status: 405, title: `${operation} is asked for by ${allow}` };
  return problemAnswer({ ...problem, headers: { Allow: allow } }, id);
}
