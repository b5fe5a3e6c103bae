import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { z } from 'zod';
import { fastifyOf } from '../http/application.js';
import { publicRoute, type Access } from '../http/route-rules.js';
import { listRoutes, type RouteRecord } from '../http/route-table.js';
import type { ListenerName } from '../listeners/listener-name.js';
import { convertSchema } from './schema-converter.js';

export interface ApiDescription {
  readonly title: string;
  readonly version: string;
  readonly description?: string;
}

const SECURITY_SCHEME = 'accessToken';
const PROBLEM_REFERENCE = { $ref: '#/components/schemas/Problem' };

/** RFC 9457 as `renderProblemJson` writes it. */
const ProblemSchema = z.object({
  type: z.string().describe('urn:touchmark:error: and the code'),
  title: z.string().describe('The kind of problem, in a few words'),
  status: z.int(),
  detail: z.string().optional().describe('What is wrong this time'),
  code: z.string().describe('The constant to program against'),
  requestId: z.string().describe('What to tell whoever reads the logs'),
  errors: z
    .array(z.object({ path: z.string(), message: z.string() }))
    .optional()
    .describe('Each invalid member of the request'),
});

/**
 * The OpenAPI 3.1 document of an initialised application: the schemas are those that validate, and the security
 * and refusals of each operation come from its route's rules.
 */
export function openApiDocument(app: NestFastifyApplication, api: ApiDescription): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle(api.title)
    .setVersion(api.version)
    .setDescription(api.description ?? '')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }, SECURITY_SCHEME)
    .build();
  const document = SwaggerModule.createDocument(app, config, { standardSchemaConverter: convertSchema });
  const { schema: problem } = convertSchema(ProblemSchema, { schemaType: 'output' }) ?? {};
  Object.assign((document.components ??= {}), { schemas: { ...document.components.schemas, Problem: problem } });
  for (const route of listRoutes(fastifyOf(app))) describeOperation(document, route);
  return document;
}

/** Serves the document, made when first asked for, at `GET /v1/openapi.json`. It says nothing that is not public. */
export function serveOpenApi(app: NestFastifyApplication, api: ApiDescription, listener: ListenerName = 'admin'): void {
  let document: string | undefined;
  fastifyOf(app).get('/v1/openapi.json', publicRoute(listener), (_request, reply) => {
    document ??= JSON.stringify(openApiDocument(app, api));
    reply.header('Content-Type', 'application/json').send(Buffer.from(document));
  });
}

/** Adds what every operation shares: who may call it, and that refusals are problem+json. */
function describeOperation(document: OpenAPIObject, { method, path, access = 'public' }: RouteRecord): void {
  const item = document.paths[path.replaceAll(/:([A-Za-z0-9_]+)/g, '{$1}')];
  const operation = item?.[operationKey(method)];
  if (!operation) return;
  const refusals = refusalsOf(access).map((status) => [
    status,
    { description: REFUSALS[status], content: { 'application/problem+json': { schema: PROBLEM_REFERENCE } } },
  ]);
  operation.responses = { ...Object.fromEntries(refusals), ...operation.responses };
  if (access === 'public') {
    operation.security = [];
  } else {
    operation.security = [{ [SECURITY_SCHEME]: [] }];
    operation.description = [operation.description, `Roles: ${access.join(', ')}.`].filter(Boolean).join('\n\n');
  }
}

const REFUSALS = {
  '401': 'No access token, or not a valid one',
  '403': 'The token does not carry a role for this',
  default: 'Refused: see code and detail',
} as const;

const refusalsOf = (access: Access): (keyof typeof REFUSALS)[] =>
  access === 'public' ? ['default'] : ['401', '403', 'default'];

function operationKey(method: string): 'get' | 'post' | 'put' | 'patch' | 'delete' | 'head' {
  switch (method) {
    case 'POST':
      return 'post';
    case 'PUT':
      return 'put';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return 'delete';
    case 'HEAD':
      return 'head';
    default:
      return 'get';
  }
}
