import { z } from 'zod';
import { parsePathPattern } from './path-pattern.js';

const Realm = z
  .string()
  .regex(/^(?=.{1,63}$)[a-z0-9-]+(?:\.[a-z0-9-]+)*$/, 'a SPIFFE trust domain name')
  .describe('SPIFFE trust domain name');
const Model = z.string().regex(/^[a-z0-9-]{1,63}$/, 'of a-z, 0-9 and -');
const DeviceSerial = z.string().regex(/^(?!\.{1,2}$)[A-Za-z0-9.-]{1,64}$/, 'of A-Z, a-z, 0-9, . and -');
const Name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'of a-z, 0-9 and -');

const Rate = z
  .strictObject({
    requests: z.int().min(1).max(1_000_000),
    seconds: z.int().min(1).max(86_400),
  })
  .describe('Requests that one device may make in so many seconds');

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

const Grant = z
  .strictObject({
    realm: Realm.optional().describe("The policy's realm where absent"),
    role: Name.optional(),
    model: Model.optional(),
    deviceSerials: z.array(DeviceSerial).min(1).optional(),
  })
  .refine((grant) => Object.keys(grant).length > 0, 'it must name a realm, a role, a model or deviceSerials')
  .describe('Devices that are all of what is said here');

const Route = z.strictObject({
  name: Name.describe('Names it in metrics and answers'),
  path: z
    .string()
    .refine((path) => parsePathPattern(path) !== undefined, 'not a path pattern')
    .describe(
      '/devices/{deviceSerial}/telemetry: {realm}, {model}, {deviceSerial} are those of the device; ** at the end',
    ),
  methods: z.array(z.enum(methods)).min(1),
  allow: z.array(Grant).min(1),
  websocket: z.boolean().default(false).describe('GET may become a WebSocket'),
  rate: Rate.optional(),
  maxBody: z.int().min(0).optional().describe('Octets of a request body; the limit of the configuration where absent'),
  whenStale: z.enum(['deny', 'allow']).optional().describe('Overrides the configuration for this route'),
});

/** The policy file: who may do what. What it does not allow is denied. */
export const PolicyFile = z
  .strictObject({
    realm: Realm,
    rate: Rate.optional().describe('For all routes together'),
    roles: z.record(Name, z.array(Model).min(1)).default({}).describe('Models by the role they have'),
    routes: z.array(Route).describe('The first whose path and method fit decides'),
  })
  .superRefine(({ roles, routes }, context) => {
    const names = new Set<string>();
    for (const [i, { name, allow, methods: allowed, websocket }] of routes.entries()) {
      const issue = (path: (string | number)[], message: string): void =>
        context.addIssue({ code: 'custom', path: ['routes', i, ...path], message });
      if (names.has(name)) issue(['name'], 'another route has this name');
      names.add(name);
      if (websocket && !allowed.includes('GET')) issue(['websocket'], 'a WebSocket begins with GET');
      for (const [j, { role }] of allow.entries()) {
        if (role !== undefined && !Object.hasOwn(roles, role)) issue(['allow', j, 'role'], 'there is no such role');
      }
    }
  });

export type PolicyFile = z.infer<typeof PolicyFile>;
export type RouteRule = PolicyFile['routes'][number];
export type Rate = z.infer<typeof Rate>;
