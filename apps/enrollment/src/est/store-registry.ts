import { deviceRefOf } from '@touchmark/ca-port';
import { parseSerialNumber } from '@touchmark/status-list';
import {
  certificateOwner,
  type Database,
  findDevice,
  findEnrollmentPolicy,
  findEnrollmentToken,
  insertRefusals,
} from '@touchmark/store';
import type { DeviceProjection } from '../projection/device-projection.js';
import type { EnrollmentToken, FindToken } from './check-token.js';
import type { FindDevice, RegisteredDevice } from './device-policy.js';
import type { EnrollmentPolicy, PolicyByLabel } from './enrollment-policy.js';
import type { ProjectEnrolment } from './issue-device-certificate.js';
import type { RecordRefusal } from './refusals.js';
import type { ProjectSighting } from './sightings.js';

type Enrolled = Parameters<ProjectEnrolment['enrolled']>[0];
type Refusal = Parameters<RecordRefusal['recordRefusal']>[0];

const ACTOR = 'est';

/** The ports of EST towards the registry, on its tables. */
export class StoreRegistry
  implements PolicyByLabel, FindToken, FindDevice, RecordRefusal, ProjectEnrolment, ProjectSighting
{
  private readonly db: Database;
  private readonly projection: Pick<DeviceProjection, 'follow'>;

  constructor(db: Database, projection: Pick<DeviceProjection, 'follow'>) {
    this.db = db;
    this.projection = projection;
  }

  policyByLabel(label: string | null): Promise<EnrollmentPolicy | undefined> {
    return findEnrollmentPolicy(this.db, { label });
  }

  async findToken(secretSha256: Uint8Array): Promise<EnrollmentToken | undefined> {
    const token = await findEnrollmentToken(this.db, { secretSha256 });
    const policy = token && (await findEnrollmentPolicy(this.db, { id: token.policyId }));
    if (token === undefined || policy === undefined) return undefined;
    const { realm, model, deviceSerial, warrantId, validUntil, revoked } = token;
    return { identity: { realm, model, deviceSerial }, policy, warrantId, validUntil, revoked };
  }

  async findDevice(deviceRef: string): Promise<RegisteredDevice | undefined> {
    const device = await findDevice(this.db, deviceRef);
    if (device === undefined) return undefined;
    const { realm, model, deviceSerial, policyId } = device;
    const policy = policyId === null ? undefined : await findEnrollmentPolicy(this.db, { id: policyId });
    return { identity: { realm, model, deviceSerial }, policy };
  }

  async certificateOwner(serialNumber: Uint8Array): Promise<string | undefined> {
    const seat = parseSerialNumber(serialNumber);
    return seat && certificateOwner(this.db, seat);
  }

  recordRefusal(refusal: Refusal): Promise<void> {
    return insertRefusals(this.db, [{ ...refusal, batchId: null }]);
  }

  async enrolled({ identity, policyId, evidence, issued, source }: Enrolled): Promise<void> {
    const detail = { evidence, source, credential: issued.credentialId };
    // A repeated answer is no event, but the first one may have died before it was written here.
    const happened = issued.repeated ? {} : { event: 'issue' as const, detail };
    await this.projection.follow([{ deviceRef: deviceRefOf(identity), actor: ACTOR, policyId, ...happened }]);
  }

  async sighted(deviceRef: string): Promise<void> {
    await this.projection.follow([{ deviceRef, event: 'sight', actor: ACTOR }]);
  }
}
