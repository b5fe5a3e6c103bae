import { deviceRefOf } from '@touchmark/ca-port';
import { parseSerialNumber } from '@touchmark/status-list';
import {
  allEnrollmentPolicies,
  certificateHolder,
  certificateOwner,
  type Database,
  findEnrollmentToken,
  insertRefusals,
} from '@touchmark/store';
import type { DeviceProjection } from '../projection/device-projection.js';
import type { EnrollmentToken, FindToken } from './check-token.js';
import type { CertificateHolder, FindHolder } from './device-policy.js';
import type { ProjectEnrolment } from './issue-device-certificate.js';
import { PolicyTable } from './policy-table.js';
import type { RecordRefusal } from './refusals.js';
import type { ProjectSighting } from './sightings.js';

type Enrolled = Parameters<ProjectEnrolment['enrolled']>[0];
type Refusal = Parameters<RecordRefusal['recordRefusal']>[0];

const ACTOR = 'est';

/** The ports of EST towards the registry, on its tables. */
export class StoreRegistry implements FindToken, FindHolder, RecordRefusal, ProjectEnrolment, ProjectSighting {
  readonly policies: PolicyTable;
  private readonly db: Database;
  private readonly projection: Pick<DeviceProjection, 'follow'>;

  constructor(db: Database, projection: Pick<DeviceProjection, 'follow'>, now: () => number) {
    this.policies = new PolicyTable({ readPolicies: () => allEnrollmentPolicies(db) }, now);
    this.db = db;
    this.projection = projection;
  }

  async findToken(secretSha256: Uint8Array): Promise<EnrollmentToken | undefined> {
    const token = await findEnrollmentToken(this.db, { secretSha256 });
    const policy = token && (await this.policies.policyById(token.policyId));
    if (token === undefined || policy === undefined) return undefined;
    const { realm, model, deviceSerial, warrantId, validUntil, revoked } = token;
    return { identity: { realm, model, deviceSerial }, policy, warrantId, validUntil, revoked };
  }

  async certificateHolder(deviceRef: string, serialNumber: Uint8Array): Promise<CertificateHolder | undefined> {
    const holder = await certificateHolder(this.db, deviceRef, serialNumber);
    if (holder === undefined) return undefined;
    return { identity: holder.identity ?? undefined, policy: await this.policies.policyById(holder.policy) };
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
