import { type Environment, hostSetting, logSettings, port } from '@touchmark/server';
import { z } from 'zod';

const url = (protocol: RegExp, what: string) => z.url({ protocol }).describe(what);
const count = (standard: number, what: string, min = 1) => z.int().min(min).default(standard).describe(what);

/** Everything that an operator may set. Each setting is a variable TOUCHMARK_<PATH> and a member of the file TOUCHMARK_CONFIG. */
export const configSchema = z.strictObject({
  host: hostSetting.describe('address that the port for devices listens on'),
  port: port(9443, 'TLS for devices, client certificates required'),
  operationsHost: hostSetting.describe('address that the port for operators listens on'),
  operationsPort: port(9444, 'plain HTTP: /livez, /readyz, /metrics'),
  upstream: url(
    /^https?$/,
    'what the gateway stands in front of, http or https; a path in it is put before that of requests',
  ),
  upstreamCa: z
    .string()
    .min(1)
    .optional()
    .describe("PEM file of who certifies an https upstream; the machine's own list without it"),
  audience: z
    .string()
    .min(1)
    .optional()
    .describe('aud of Touchmark-Identity: what the upstream calls itself; the origin of `upstream` by default'),
  policyFile: z.string().min(1).describe('who may do what, YAML or JSON: apps/gateway/README.md'),
  credentialsFolder: z
    .string()
    .min(1)
    .describe(
      'folder of gateway-client and tls-server, root.pem and infrastructure.pem, made by the CA’s command issue',
    ),
  trustAnchors: z
    .string()
    .min(1)
    .optional()
    .describe("PEM file of the CAs that devices' certificates lead to; root.pem of the credentials folder by default"),
  serviceUrl: url(/^https$/, "device port of the service: sightings, renewal of the gateway's certificates"),
  feedUrl: url(/^https$/, "the responder's port for gateways"),
  cacheDir: z.string().min(1).describe('folder for the last proven status: what a start without the service goes by'),
  maxAge: count(
    300,
    'seconds after which what is known of status is too old: how long a revocation may stay unheard',
    5,
  ),
  whenStale: z
    .enum(['deny', 'allow'])
    .default('deny')
    .describe('what happens then, on routes of the policy that do not say; allow shows in the metrics'),
  requestHeaders: z
    .array(z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'not the name of a header field'))
    .optional()
    .describe(
      'header fields of clients that the upstream gets; all but those that only the gateway may say without it',
    ),
  sightingsInterval: count(10, 'seconds between reports of which devices were there'),
  limits: z
    .strictObject({
      connections: count(10_000, 'open connections; more are dropped'),
      connectionsPerDevice: count(8, 'open connections of one device; one more closes its oldest'),
      exchangesPerDevice: count(16, 'requests and WebSockets of one device under way; one more is refused'),
      handshakes: count(256, 'TLS handshakes in flight; more are dropped'),
      maxBody: count(10_485_760, 'octets of a request body, on routes of the policy that do not say', 0),
      bodySeconds: count(300, 'seconds that a request body may take'),
      headerSize: count(32_768, 'octets of all header fields of a request', 1_024),
      idleSeconds: count(120, 'seconds of silence after which a connection is closed; WebSockets excepted'),
      connectionSeconds: count(900, 'seconds after which a connection is closed with its next answer'),
      upstreamSeconds: count(
        60,
        'seconds that the upstream may take to begin an answer, waiting for a connection to it included',
      ),
      upstreamConnections: count(1_024, 'connections to the upstream'),
    })
    .prefault({}),
  ...logSettings,
});

export type Config = z.infer<typeof configSchema>;

/** What starts the process, apart from its configuration. */
export const processEnvironment: Environment = process.env;
