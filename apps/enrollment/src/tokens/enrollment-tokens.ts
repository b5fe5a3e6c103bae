import { type CaPort, deviceRefOf } from '@touchmark/ca-port';
import { type RandomBytes, timeOrderedUuid } from '@touchmark/server';
import {
  type Database,
  type EnrollmentTokenView,
  findDevice,
  findEnrollmentToken,
  insertDeviceEvents,
  insertDevices,
  insertEnrollmentToken,
  listEnrollmentTokens,
  revokeEnrollmentToken,
} from '@touchmark/store';
import { EnrollmentError } from '../enrollment-error.js';
import { openWarrant } from '../open-warrant.js';
import { checkBootstrap, checkModelAllowed, policyOf } from '../registry/enrollment-policies.js';
import { modelOf } from '../registry/models.js';
import { type Page, readPage } from '../registry/page.js';
import { checkValidUntil } from '../validity-window.js';
import { newTokenSecret } from './token-secret.js';

export interface NewEnrollmentToken {
  readonly policy: string;
  readonly model: string;
  readonly deviceSerial: string;
  /** UTC seconds. */
  readonly validUntil: number;
}

/** Lets one device in once: 32 random octets, shown when made and never again. */
export class EnrollmentTokens {
  private readonly db: Database;
  private readonly ca: Pick<CaPort, 'openWarrants'>;
  private readonly options: { readonly realm: string; readonly now: () => number; readonly randomBytes: RandomBytes };

  constructor(db: Database, ca: Pick<CaPort, 'openWarrants'>, options: EnrollmentTokens['options']) {
    this.db = db;
    this.ca = ca;
    this.options = options;
  }

  /**
   * The warrant is opened first: a token without one would let nobody in, a warrant without a token is never asked for.
   * Throws MODEL_UNKNOWN, POLICY_UNKNOWN, MODEL_NOT_ALLOWED, BOOTSTRAP_NOT_ALLOWED, VALID_UNTIL_OUT_OF_RANGE,
   * DEVICE_SERIAL_CASE_CONFLICT and the CA's refusals.
   */
  async create(wanted: NewEnrollmentToken, createdBy: string): Promise<{ token: EnrollmentTokenView; secret: string }> {
    const { now, randomBytes, realm } = this.options;
    const { deviceSerial, validUntil } = wanted;
    const at = now();
    checkValidUntil(validUntil, at);
    const model = await modelOf(this.db, realm, wanted.model);
    const policy = await policyOf(this.db, wanted.policy);
    checkModelAllowed(policy, model.name);
    checkBootstrap(policy, 'token');
    const identity = { realm, model: model.name, deviceSerial };
    const deviceRef = deviceRefOf(identity);
    await this.checkSpelling(deviceRef, deviceSerial);

    const id = timeOrderedUuid(at, randomBytes);
    const warrantId = timeOrderedUuid(at, randomBytes);
    await openWarrant(this.ca, { kind: 'token', warrantId, identity, profile: 'ldevid', validUntil });

    const { secret, secretSha256 } = newTokenSecret(randomBytes);
    const token = { id, secretSha256, policyId: policy.id, modelId: model.id, deviceRef, deviceSerial };
    await this.db.transaction(async (tx) => {
      const device = { ...identity, deviceRef, state: 'registered', generation: 1, batchId: null } as const;
      const inserted = await insertDevices(tx, [{ ...device, policyId: policy.id }]);
      if (inserted.size > 0) {
        const event = { deviceRef, event: 'register', fromState: null, toState: 'registered' } as const;
        await insertDeviceEvents(tx, [{ ...event, actor: createdBy, detail: { token: id } }]);
      }
      await insertEnrollmentToken(tx, { ...token, warrantId, validUntil, createdBy });
    });
    return { token: await this.get(id), secret };
  }

  /** Throws ENROLLMENT_TOKEN_UNKNOWN. */
  async get(id: string): Promise<EnrollmentTokenView> {
    const token = await findEnrollmentToken(this.db, { id });
    if (!token) throw unknownToken();
    return token;
  }

  list(deviceRef: string | undefined, before: string | undefined, limit: number): Promise<Page<EnrollmentTokenView>> {
    return readPage(
      limit,
      (count) => listEnrollmentTokens(this.db, { deviceRef, before, limit: count }),
      ({ id }) => id,
    );
  }

  /** What was issued on it stays. Revoking twice is no error. Throws ENROLLMENT_TOKEN_UNKNOWN. */
  async revoke(id: string): Promise<EnrollmentTokenView> {
    if (!(await revokeEnrollmentToken(this.db, id))) throw unknownToken();
    return this.get(id);
  }

  private async checkSpelling(deviceRef: string, deviceSerial: string): Promise<void> {
    const device = await findDevice(this.db, deviceRef);
    if (!device || device.deviceSerial === deviceSerial) return;
    const detail = `the device exists as ${device.deviceSerial}`;
    throw new EnrollmentError('DEVICE_SERIAL_CASE_CONFLICT', {}, detail);
  }
}

const unknownToken = (): EnrollmentError =>
  new EnrollmentError('ENROLLMENT_TOKEN_UNKNOWN', {}, 'there is no such enrollment token');
