import { type DynamicModule, Inject, Module, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { CaPort } from '@touchmark/ca-port';
import type { Database } from '@touchmark/store';
import { DeviceProjection } from '../projection/device-projection.js';
import { RefusalQuota } from '../refusal-quota.js';
import { AuthenticateDevice } from './authenticate-device.js';
import { Authorities } from './authorities.js';
import { CaCerts } from './cacerts.js';
import { CheckToken } from './check-token.js';
import { CsrAttrs } from './csrattrs.js';
import { DevicePolicy } from './device-policy.js';
import { EstController, type EstUseCases } from './est.controller.js';
import { IssueDeviceCertificate } from './issue-device-certificate.js';
import { Refusals } from './refusals.js';
import { Sightings } from './sightings.js';
import { SimpleEnroll } from './simple-enroll.js';
import { SimpleReenroll } from './simple-reenroll.js';
import { StoreRegistry } from './store-registry.js';

/** What EST stands on. */
export interface EstPorts {
  /** The port as the enrollment process may use it. */
  readonly ca: CaPort;
  readonly db: Database;
  /** UTC seconds. */
  readonly now: () => number;
  readonly onError: EstUseCases['onError'];
}

const USE_CASES = Symbol('EST use cases');

/** EST on the device listener. */
@Module({})
export class EstModule implements OnModuleInit {
  private readonly host: HttpAdapterHost<FastifyAdapter>;
  private readonly useCases: EstUseCases;

  constructor(
    @Inject(HttpAdapterHost) host: HttpAdapterHost<FastifyAdapter>,
    @Inject(USE_CASES) useCases: EstUseCases,
  ) {
    this.host = host;
    this.useCases = useCases;
  }

  static register(ports: EstPorts): DynamicModule {
    return { module: EstModule, providers: [{ provide: USE_CASES, useFactory: () => wireEst(ports) }] };
  }

  onModuleInit(): void {
    new EstController(this.useCases).register(this.host.httpAdapter.getInstance());
  }
}

/** The use cases of EST, wired to the registry's tables and to the CA. */
export function wireEst({ ca, db, now, onError }: EstPorts): EstUseCases {
  const registry = new StoreRegistry(db, new DeviceProjection(db), now);
  const authorities = new Authorities(ca, now);
  const shared = {
    authenticate: new AuthenticateDevice(authorities, now),
    policies: registry.policies,
    devicePolicy: new DevicePolicy(registry),
    issue: new IssueDeviceCertificate(ca, registry),
    refusals: new Refusals(registry, new RefusalQuota(now), onError),
  };
  return {
    caCerts: new CaCerts(authorities),
    csrAttrs: new CsrAttrs(registry.policies),
    simpleEnroll: new SimpleEnroll({ ...shared, tokens: new CheckToken(registry, now) }),
    simpleReenroll: new SimpleReenroll(shared),
    sightings: new Sightings(shared.authenticate, ca, registry, now),
    onError,
  };
}
