import { type DeviceIdentity, deviceRefOf } from '@touchmark/ca-port';
import { EnrollmentError } from '../enrollment-error.js';
import type { DeviceCertificate } from './authenticate-device.js';
import type { EnrollmentPolicy } from './enrollment-policy.js';
import { EnrollmentRefusedError } from './est-error.js';

/** Whom the CA issued a certificate to, and under which policy. */
export interface CertificateHolder {
  /** Undefined while the registry has not heard of the device. */
  readonly identity: DeviceIdentity | undefined;
  /** Undefined where the policy is none of ours. */
  readonly policy: EnrollmentPolicy | undefined;
}

/** Port: the CA's books, asked about one certificate by its serialNumber. */
export interface FindHolder {
  /** Undefined where the CA issued that device no such certificate. */
  certificateHolder(deviceRef: string, serialNumber: Uint8Array): Promise<CertificateHolder | undefined>;
  /** deviceRef of the device that the certificate was issued to. */
  certificateOwner(serialNumber: Uint8Array): Promise<string | undefined>;
}

/** The policy that an LDevID is rotated under: the one that it was issued under. Whose it is, the CA's books say. */
export class DevicePolicy {
  private readonly books: FindHolder;

  constructor(books: FindHolder) {
    this.books = books;
  }

  /** Codes CREDENTIAL_UNKNOWN for a certificate that is not in the books, DEVICE_UNKNOWN, POLICY_MISSING. */
  async of(certificate: DeviceCertificate): Promise<{ identity: DeviceIdentity; policy: EnrollmentPolicy }> {
    const holder = await this.holderOf(certificate);
    if (holder === undefined) {
      throw new EnrollmentError('CREDENTIAL_UNKNOWN', {}, 'the certificate presented is not in the books of the CA');
    }
    const { identity, policy } = holder;
    if (identity === undefined) throw new EnrollmentRefusedError('DEVICE_UNKNOWN');
    if (policy === undefined) throw new EnrollmentRefusedError('POLICY_MISSING');
    return { identity, policy };
  }

  /** The name in it is where to look first and proves nothing: a pseudonymous LDevID names nobody. */
  private async holderOf({ identity, serialNumber }: DeviceCertificate): Promise<CertificateHolder | undefined> {
    const named = await this.books.certificateHolder(deviceRefOf(identity), serialNumber);
    if (named !== undefined) return named;
    const owner = await this.books.certificateOwner(serialNumber);
    return owner === undefined ? undefined : this.books.certificateHolder(owner, serialNumber);
  }
}
