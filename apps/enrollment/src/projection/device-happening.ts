import type { DeviceEvent } from '@touchmark/lifecycle';

/** Events of one certificate of a device, kept beside those of the state table. */
export type CertificateEvent = 'certificate-suspend' | 'certificate-release' | 'certificate-revoke';

/** Something that the CA did to a device, to be written into its history. */
export interface DeviceHappening {
  readonly deviceRef: string;
  /** `issue` covers the first certificate too. Absent: nothing happened now, the row is only to be brought up to date. */
  readonly event?: DeviceEvent | CertificateEvent;
  /** `sub` of the access token, or the part of the service that acted. */
  readonly actor: string;
  readonly detail?: Readonly<Record<string, unknown>>;
  readonly batchId?: string;
  readonly policyId?: string;
}
