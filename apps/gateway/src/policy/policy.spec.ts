import { describe, expect, it } from 'vitest';
import { parseRequestTarget } from './request-target.js';
import { parsePolicy, PolicyFileError } from './parse-policy.js';

const text = `
realm: devices.local
rate: { requests: 100, seconds: 1 }
roles:
  sensor: [thermo-1, thermo-2]
  meter: [power]
routes:
  - name: telemetry
    path: /devices/{deviceSerial}/telemetry
    methods: [POST]
    allow: [{ role: sensor }, { role: meter }]
    whenStale: allow
    rate: { requests: 10, seconds: 60 }
    maxBody: 1000
  - name: live
    path: /live/{model}/{deviceSerial}
    methods: [GET]
    websocket: true
    allow: [{ realm: devices.local }]
  - name: calibration
    path: /calibration/{name}
    methods: [GET, PUT]
    allow: [{ role: sensor, model: thermo-2, deviceSerials: [A.1, A-2] }, { model: power }]
  - name: partners
    path: /partners/{realm}
    methods: [GET]
    allow: [{ realm: partner.example }]
  - name: nobody
    path: /nobody
    methods: [GET]
    allow: [{ role: meter, model: thermo-1 }]
  - name: files
    path: /files/**
    methods: [GET]
    allow: [{ model: thermo-1 }]
  - name: twice
    path: /twice/{deviceSerial}/{deviceSerial}
    methods: [GET]
    allow: [{ role: sensor }]
  - name: root
    path: /
    methods: [GET]
    allow: [{ realm: devices.local }]
`;
const policy = parsePolicy(text, 'policy.yaml');

function decide(method: string, target: string, as: string, upgrade = false): string {
  const [realm = '', model = '', deviceSerial = ''] = as.split('/');
  const { segments } = parseRequestTarget(target) ?? {};
  if (segments === undefined) throw new Error(`ambiguous: ${target}`);
  const decision = policy.decide({ method, segments, upgrade }, { realm, model, deviceSerial });
  return decision.ok ? decision.route.name : decision.code;
}

const sensor = 'devices.local/thermo-1/A.1';

describe('a policy', () => {
  it.each([
    ['POST', '/devices/A.1/telemetry', sensor, 'telemetry'],
    ['POST', '/devices/A%2E1/telemetry', sensor, 'telemetry'],
    ['POST', '/devices/A.1/telemetry?as=A.2', sensor, 'telemetry'],
    ['POST', '/devices/A.1/telemetry', 'devices.local/power/A.1', 'telemetry'],
    ['POST', '/devices/A.2/telemetry', sensor, 'DEVICE_NOT_ALLOWED'],
    ['POST', '/devices/a.1/telemetry', sensor, 'DEVICE_NOT_ALLOWED'],
    ['POST', '/devices/A.1/telemetry', 'devices.local/lamp/A.1', 'MODEL_NOT_ALLOWED'],
    ['POST', '/devices/A.1/telemetry', 'other.local/thermo-1/A.1', 'MODEL_NOT_ALLOWED'],
    ['GET', '/devices/A.1/telemetry', sensor, 'ROUTE_NOT_ALLOWED'],
    ['post', '/devices/A.1/telemetry', sensor, 'ROUTE_NOT_ALLOWED'],
    ['POST', '/devices/A.1/telemetry/', sensor, 'ROUTE_NOT_ALLOWED'],
    ['POST', '/devices/A.1/Telemetry', sensor, 'ROUTE_NOT_ALLOWED'],
    ['POST', '/devices/A.1', sensor, 'ROUTE_NOT_ALLOWED'],
    ['GET', '/live/thermo-1/A.1', sensor, 'live'],
    ['GET', '/live/thermo-2/A.1', sensor, 'DEVICE_NOT_ALLOWED'],
    ['GET', '/calibration/x', 'devices.local/thermo-2/A-2', 'calibration'],
    ['PUT', '/calibration/x', 'devices.local/power/anything', 'calibration'],
    ['GET', '/calibration/x', 'devices.local/thermo-2/A-3', 'DEVICE_NOT_ALLOWED'],
    ['GET', '/calibration/x', 'devices.local/thermo-1/A-2', 'MODEL_NOT_ALLOWED'],
    ['GET', '/calibration/', 'devices.local/power/1', 'ROUTE_NOT_ALLOWED'],
    ['GET', '/partners/partner.example', 'partner.example/lamp/1', 'partners'],
    ['GET', '/partners/devices.local', 'partner.example/lamp/1', 'DEVICE_NOT_ALLOWED'],
    ['GET', '/partners/devices.local', sensor, 'MODEL_NOT_ALLOWED'],
    ['GET', '/nobody', sensor, 'MODEL_NOT_ALLOWED'],
    ['GET', '/nobody', 'devices.local/power/1', 'MODEL_NOT_ALLOWED'],
    ['GET', '/files/a', sensor, 'files'],
    ['GET', '/files/a/b/c/', sensor, 'files'],
    ['GET', '/files/', sensor, 'files'],
    ['GET', '/files', sensor, 'ROUTE_NOT_ALLOWED'],
    ['GET', '/twice/A.1/A.1', sensor, 'twice'],
    ['GET', '/twice/A.1/A.2', sensor, 'ROUTE_NOT_ALLOWED'],
    ['GET', '/', sensor, 'root'],
    ['GET', '/unknown', sensor, 'ROUTE_NOT_ALLOWED'],
    ['OPTIONS', '/', sensor, 'ROUTE_NOT_ALLOWED'],
  ])('%s %s by %s: %s', (method, target, device, outcome) => {
    expect(decide(method, target, device)).toBe(outcome);
  });

  it('lets a request become a WebSocket only where the route says so', () => {
    expect(decide('GET', '/live/thermo-1/A.1', sensor, true)).toBe('live');
    expect(decide('GET', '/files/a', sensor, true)).toBe('UPGRADE_NOT_ALLOWED');
    expect(decide('GET', '/unknown', sensor, true)).toBe('ROUTE_NOT_ALLOWED');
  });

  it('hands on what a route says about rates, bodies and stale status', () => {
    expect(policy.rate).toEqual({ requests: 100, seconds: 1 });
    expect(policy.routes[0]).toEqual({
      name: 'telemetry',
      rate: { requests: 10, seconds: 60 },
      maxBody: 1000,
      whenStale: 'allow',
    });
    expect(policy.routes[1]).toMatchObject({ rate: undefined, maxBody: undefined, whenStale: undefined });
  });

  it('without routes allows nothing', () => {
    const nothing = parsePolicy('{"realm":"devices.local","routes":[]}', 'policy.json');
    const [realm = '', model = '', deviceSerial = ''] = sensor.split('/');
    const decision = nothing.decide({ method: 'GET', segments: [''], upgrade: false }, { realm, model, deviceSerial });
    expect(decision).toEqual({ ok: false, code: 'ROUTE_NOT_ALLOWED', route: undefined });
  });
});

const route = (change: string): string =>
  `realm: devices.local\nroles: { sensor: [thermo-1] }\nroutes: [{ ${change} }]`;

describe('a policy file', () => {
  it.each([
    ['no YAML', 'routes: [', /neither YAML nor JSON/],
    ['a key twice', 'realm: a\nrealm: b\nroutes: []', /neither/],
    ['nothing', '', /expected object/i],
    ['no realm', 'routes: []', /realm: /],
    ['an unknown member', 'realm: a\nroutes: []\nallowAll: true', /allowAll: unknown field/],
    ['an unknown role', route('name: a, path: /, methods: [GET], allow: [{ role: boss }]'), /routes.0.allow.0.role/],
    [
      'a role of JavaScript’s own',
      route('name: a, path: /, methods: [GET], allow: [{ role: constructor }]'),
      /routes.0.allow.0.role/,
    ],
    ['a grant to everybody', route('name: a, path: /, methods: [GET], allow: [{}]'), /routes.0.allow.0: it must name/],
    ['a route for nobody', route('name: a, path: /, methods: [GET], allow: []'), /routes.0.allow/],
    ['no method', route('name: a, path: /, methods: [], allow: [{ role: sensor }]'), /routes.0.methods/],
    ['a method that is none', route('name: a, path: /, methods: [TRACE], allow: [{ role: sensor }]'), /methods/],
    ['a path without slash', route('name: a, path: x, methods: [GET], allow: [{ role: sensor }]'), /routes.0.path/],
    ['a path with dots', route('name: a, path: /x/../y, methods: [GET], allow: [{ role: sensor }]'), /routes.0.path/],
    ['a path with **', route('name: a, path: /**/x, methods: [GET], allow: [{ role: sensor }]'), /routes.0.path/],
    ['an escaped path', route('name: a, path: /%61, methods: [GET], allow: [{ role: sensor }]'), /routes.0.path/],
    ['an empty segment', route('name: a, path: /x//y, methods: [GET], allow: [{ role: sensor }]'), /routes.0.path/],
    ['half a parameter', route('name: a, path: "/x{y}", methods: [GET], allow: [{ role: sensor }]'), /routes.0.path/],
    [
      'a serial that YAML takes for a number',
      route('name: a, path: /, methods: [GET], allow: [{ deviceSerials: [0012] }]'),
      /deviceSerials.0/,
    ],
    [
      'a WebSocket without GET',
      route('name: a, path: /, methods: [POST], websocket: true, allow: [{ role: sensor }]'),
      /routes.0.websocket/,
    ],
    [
      'a name twice',
      `${route('name: a, path: /, methods: [GET], allow: [{ role: sensor }]').slice(0, -1)}, { name: a, path: /b, methods: [GET], allow: [{ role: sensor }] }]`,
      /routes.1.name/,
    ],
  ])('with %s cannot be used, and says where', (_name, file, where) => {
    const read = (): unknown => parsePolicy(file, 'policy.yaml');
    expect(read).toThrow(PolicyFileError);
    expect(read).toThrow(where);
  });

  it('does not follow aliases for ever', () => {
    const bomb = Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`).join('\n');
    expect(() => parsePolicy(`a0: &a0 [x]\n${bomb}`, 'policy.yaml')).toThrow(PolicyFileError);
  });
});
