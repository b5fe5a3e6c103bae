import { type DeviceIdentity, deviceRefOf } from '@touchmark/ca-port';
import { EstError } from '@touchmark/est';
import { EnrollmentError } from '../enrollment-error.js';
import type { RefusalQuota } from '../refusal-quota.js';
import { EnrollmentRefusedError, NotAuthenticError } from './est-error.js';

/** Port: keeps a refused enrolment, so that somebody can be told why. */
export interface RecordRefusal {
  recordRefusal(refusal: {
    readonly channel: 'est';
    readonly code: string;
    readonly detail: string;
    readonly deviceRef: string | null;
    readonly deviceSerial: string | null;
    readonly source: string;
  }): Promise<void>;
}

/** What becomes known of an applicant while a request is handled. */
export interface Attempt {
  device?: DeviceIdentity;
}

/** Keeps refusals, as many as the quota lets. */
export class Refusals {
  private readonly record: RecordRefusal;
  private readonly quota: Pick<RefusalQuota, 'admit'>;
  private readonly onError: (error: unknown) => void;

  constructor(record: RecordRefusal, quota: Pick<RefusalQuota, 'admit'>, onError: (error: unknown) => void) {
    this.record = record;
    this.quota = quota;
    this.onError = onError;
  }

  /** Runs an enrolment and passes its outcome on, refusals too. */
  async watch<T>(source: string, enrol: (attempt: Attempt) => Promise<T>): Promise<T> {
    const attempt: Attempt = {};
    try {
      return await enrol(attempt);
    } catch (error) {
      if (isRefusal(error)) await this.keep(error, attempt.device, source);
      throw error;
    }
  }

  private async keep(error: Refusal, device: DeviceIdentity | undefined, source: string): Promise<void> {
    const deviceRef = device === undefined ? null : deviceRefOf(device);
    if (!this.quota.admit({ deviceRef, batchId: null })) return;
    try {
      await this.record.recordRefusal({
        channel: 'est',
        code: error.code,
        detail: error.message,
        deviceRef,
        deviceSerial: device?.deviceSerial ?? null,
        source,
      });
    } catch (cause) {
      // The device is told all the same.
      this.onError(cause);
    }
  }
}

type Refusal = NotAuthenticError | EnrollmentRefusedError | EnrollmentError | EstError;

function isRefusal(error: unknown): error is Refusal {
  // libest and Bouncy Castle ask without credentials first and answer the challenge: nothing was refused yet.
  if (error instanceof NotAuthenticError) return error.code !== 'CREDENTIALS_MISSING';
  return error instanceof EnrollmentRefusedError || error instanceof EnrollmentError || error instanceof EstError;
}
