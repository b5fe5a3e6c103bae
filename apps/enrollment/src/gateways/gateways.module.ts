import { type DynamicModule, Inject, Logger, Module, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { CaPort } from '@touchmark/ca-port';
import { type Database, insertRefusals, recordLastSeen, retryConflicts, serviceCertificate } from '@touchmark/store';
import { Counter, type Registry } from 'prom-client';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { AuthenticateDevice } from '../est/authenticate-device.js';
import { Authorities } from '../est/authorities.js';
import { DeviceProjection } from '../projection/device-projection.js';
import { RefusalQuota } from '../refusal-quota.js';
import { AuthenticateGateway } from './authenticate-gateway.js';
import { guardGatewayRoutes } from './gateway-of.js';
import { GatewaysController } from './gateways.controller.js';
import { RenewGatewayCertificate } from './renew-gateway-certificate.js';
import { type NoteSightings, ReportSightings } from './report-sightings.js';
import { AlarmUnknownCertificates, type UnknownCertificateAlarm } from './unknown-certificates.js';

export interface GatewaysOptions {
  /** The port as the enrollment process may use it. */
  readonly ca: CaPort;
  readonly db: Database;
  /** SPIFFE trust domain of the gateways. */
  readonly realm: string;
  /** UTC seconds. */
  readonly now: () => number;
  /** Where the alarms are counted. */
  readonly metrics: Registry;
}

/** Calls of one gateway in so many seconds: a report each second, and then some. */
const RATE = { points: 20, duration: 10 };

/** What gateways report and ask for, on the device listener. Wiring only. */
@Module({})
export class GatewaysModule implements OnModuleInit {
  constructor(
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost<FastifyAdapter>,
    @Inject(AuthenticateGateway) private readonly authenticate: AuthenticateGateway,
  ) {}

  static register({ ca, db, realm, now, metrics }: GatewaysOptions): DynamicModule {
    const authorities = new Authorities(ca, now);
    const certificates = { serviceCertificate: (serialNumber: Uint8Array) => serviceCertificate(db, serialNumber) };
    const unknown = new AlarmUnknownCertificates(
      new AuthenticateDevice(authorities, now),
      { recordRefusal: (refusal) => insertRefusals(db, [{ ...refusal, batchId: null }]) },
      new RefusalQuota(now),
      alarmInLog(metrics),
    );
    return {
      module: GatewaysModule,
      controllers: [GatewaysController],
      providers: [
        {
          provide: AuthenticateGateway,
          useValue: new AuthenticateGateway(authorities, certificates, { realm, now }),
        },
        { provide: ReportSightings, useValue: new ReportSightings(ca, noteSightings(db), unknown, now) },
        { provide: RenewGatewayCertificate, useValue: new RenewGatewayCertificate(ca) },
      ],
    };
  }

  onModuleInit(): void {
    guardGatewayRoutes(this.host.httpAdapter.getInstance(), this.authenticate, new RateLimiterMemory(RATE));
  }
}

function noteSightings(db: Database): NoteSightings {
  const projection = new DeviceProjection(db);
  return {
    async firstSeen(deviceRefs, gateway) {
      const actor = `gateway ${gateway}`;
      await projection.follow(deviceRefs.map((deviceRef) => ({ deviceRef, event: 'sight' as const, actor })));
    },
    lastSeen: (sightings) => retryConflicts(() => db.transaction((tx) => recordLastSeen(tx, sightings))),
  };
}

/** Loud: somebody else may sign with our key, or our database has lost what it signed. */
function alarmInLog(metrics: Registry): (alarm: UnknownCertificateAlarm) => void {
  const logger = new Logger('gateways');
  const counter = new Counter({
    name: 'touchmark_unknown_certificates_total',
    help: 'Certificates signed by our CAs that a gateway let in and the CA does not have.',
    registers: [metrics],
  });
  return ({ gateway, serialNumber, realm, model, deviceSerial, source, sha256 }) => {
    counter.inc();
    logger.error(
      `ALARM: gateway ${gateway} let in a certificate of ours that the CA does not have: serialNumber ${serialNumber}, SHA-256 ${sha256}, ` +
        `device ${realm}/${model}/${deviceSerial}, from ${source}`,
    );
  };
}
