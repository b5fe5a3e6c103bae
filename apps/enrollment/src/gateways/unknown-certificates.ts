import { createHash } from 'node:crypto';
import { deviceRefOf } from '@touchmark/ca-port';
import { toHex } from '@touchmark/der';
import type { AuthenticateDevice, DeviceCertificate } from '../est/authenticate-device.js';
import { EnrollmentRefusedError, NotAuthenticError } from '../est/est-error.js';
import type { RefusalQuota } from '../refusal-quota.js';
import type { GatewaySighting, UnknownCertificates } from './report-sightings.js';

/** What is known of a certificate that our key signed and our database does not have. */
export interface UnknownCertificateAlarm {
  readonly gateway: string;
  readonly sha256: string;
  readonly serialNumber: string;
  readonly realm: string;
  readonly model: string;
  readonly deviceSerial: string;
  readonly source: string;
  /** UTC seconds. */
  readonly at: number;
}

/** Port: a refusal kept for people to read. */
export interface RecordUnknown {
  recordRefusal(refusal: {
    readonly channel: 'gateway';
    readonly code: 'CERTIFICATE_UNKNOWN';
    readonly detail: string;
    readonly deviceRef: string;
    readonly deviceSerial: string;
    readonly source: string;
  }): Promise<void>;
}

/** Raises the alarm for those that one of our CAs signed; what a gateway makes up, it does not. */
export class AlarmUnknownCertificates implements UnknownCertificates {
  private readonly authenticate: Pick<AuthenticateDevice, 'run'>;
  private readonly record: RecordUnknown;
  private readonly quota: Pick<RefusalQuota, 'admit'>;
  private readonly alarm: (alarm: UnknownCertificateAlarm) => void;

  constructor(
    authenticate: Pick<AuthenticateDevice, 'run'>,
    record: RecordUnknown,
    quota: Pick<RefusalQuota, 'admit'>,
    alarm: (alarm: UnknownCertificateAlarm) => void,
  ) {
    this.authenticate = authenticate;
    this.record = record;
    this.quota = quota;
    this.alarm = alarm;
  }

  async found({ certificate, at, source }: GatewaySighting, gateway: string): Promise<void> {
    const ours = await this.signedByUs(certificate);
    if (ours === undefined) return;
    const { realm, model, deviceSerial } = ours.identity;
    const sha256 = createHash('sha256').update(certificate).digest('hex');
    const serialNumber = toHex(ours.serialNumber);
    this.alarm({ gateway, sha256, serialNumber, realm, model, deviceSerial, source, at });
    const deviceRef = deviceRefOf(ours.identity);
    if (!this.quota.admit({ deviceRef, batchId: null })) return;
    await this.record.recordRefusal({
      channel: 'gateway',
      code: 'CERTIFICATE_UNKNOWN',
      detail: `gateway ${gateway} let in a certificate of ours that the CA does not have: ${serialNumber}`,
      deviceRef,
      deviceSerial,
      source,
    });
  }

  private async signedByUs(certificate: Uint8Array): Promise<DeviceCertificate | undefined> {
    try {
      return await this.authenticate.run([certificate]);
    } catch (error) {
      if (error instanceof NotAuthenticError || error instanceof EnrollmentRefusedError) return undefined;
      throw error;
    }
  }
}
