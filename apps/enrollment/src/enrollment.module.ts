import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import type { CaPort } from '@touchmark/ca-port';
import type { RandomBytes } from '@touchmark/server';
import { accessTokenStanding, type Database } from '@touchmark/store';
import type { AccessKey } from './access/access-key.js';
import { AccessTokenRegistry } from './access/access-tokens.js';
import { AccessTokensController } from './access/access-tokens.controller.js';
import { StandingTokens } from './access/standing-tokens.js';
import { BatchStreamController } from './batches/batch-stream.controller.js';
import { Batches } from './batches/batches.js';
import { BatchesController } from './batches/batches.controller.js';
import { ProvisionChunk } from './batches/provision-chunk.js';
import { provisioningRecord } from './batches/provisioning-record.js';
import { AuthoritiesController } from './ca-information/authorities.controller.js';
import { CertificateStatusController } from './devices/certificate-status.controller.js';
import { certificateOwners } from './devices/certificate-owners.js';
import { ChangeCertificateStatus } from './devices/change-certificate-status.js';
import { ChangeDeviceStatus } from './devices/change-device-status.js';
import { DeviceStatusController } from './devices/device-status.controller.js';
import { CA_PORT } from './enrollment-ports.js';
import { DeviceProjection } from './projection/device-projection.js';
import { SweepProjection } from './projection/sweep-projection.js';
import { Devices } from './registry/devices.js';
import { RefusalQuota } from './refusal-quota.js';
import { DevicesController } from './registry/devices.controller.js';
import { EnrollmentPolicies } from './registry/enrollment-policies.js';
import { EnrollmentPoliciesController } from './registry/enrollment-policies.controller.js';
import { Factories } from './registry/factories.js';
import { FactoriesController } from './registry/factories.controller.js';
import { Models } from './registry/models.js';
import { ModelsController } from './registry/models.controller.js';
import { EnrollmentTokens } from './tokens/enrollment-tokens.js';
import { EnrollmentTokensController } from './tokens/enrollment-tokens.controller.js';

export interface EnrollmentOptions {
  readonly ca: CaPort;
  /** With the rights of the enrollment role: owns `registry` and `access`, reads the views of `ca`. */
  readonly db: Database;
  /** SPIFFE trust domain of the devices (docs/glossary.md). */
  readonly realm: string;
  /** UTC seconds. */
  readonly now: () => number;
  readonly randomBytes: RandomBytes;
  /** From `openAccessKey`. */
  readonly accessKey: AccessKey;
}

/** The registration authority's API: registry, batches, tokens, status changes. Wiring only. */
@Module({})
export class EnrollmentModule {
  static register(options: EnrollmentOptions): DynamicModule {
    const providers = useCases(options);
    return {
      module: EnrollmentModule,
      controllers: [
        ModelsController,
        EnrollmentPoliciesController,
        FactoriesController,
        DevicesController,
        DeviceStatusController,
        CertificateStatusController,
        BatchesController,
        BatchStreamController,
        EnrollmentTokensController,
        AccessTokensController,
        AuthoritiesController,
      ],
      providers,
      exports: providers,
    };
  }
}

function useCases({ ca, db, realm, now, randomBytes, accessKey }: EnrollmentOptions): Provider[] {
  const named = { realm, now, randomBytes };
  const projection = new DeviceProjection(db);
  const devices = new Devices(db, projection);
  return [
    { provide: CA_PORT, useValue: ca },
    value(projection),
    value(devices),
    value(new SweepProjection(db)),
    value(new Models(db, named)),
    value(new EnrollmentPolicies(db, named)),
    value(new Factories(db, named)),
    value(new ChangeDeviceStatus(ca, devices, projection)),
    value(new ChangeCertificateStatus(ca, certificateOwners(db), projection)),
    value(new Batches(db, ca, named)),
    value(new ProvisionChunk(ca, provisioningRecord(db, new RefusalQuota(now)))),
    value(new EnrollmentTokens(db, ca, named)),
    value(new StandingTokens((jti) => accessTokenStanding(db, jti), now)),
    value(new AccessTokenRegistry(db, accessKey, named)),
  ];
}

/** A use case under its own class, by which controllers and other modules ask for it. */
function value(useCase: object): Provider {
  return { provide: useCase.constructor, useValue: useCase };
}
