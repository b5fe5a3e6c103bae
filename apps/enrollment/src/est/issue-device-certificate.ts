import type { CaPort, DeviceIdentity, IssuedCertificate, IssueEvidence } from '@touchmark/ca-port';
import { EnrollmentError } from '../enrollment-error.js';
import { type EnrollmentPolicy, termsOf } from './enrollment-policy.js';

export interface EnrolmentOrder {
  readonly identity: DeviceIdentity;
  readonly policy: EnrollmentPolicy;
  readonly evidence: IssueEvidence;
  /** simplereenroll: the CA compares the names with those of the certificate presented. */
  readonly reenroll: boolean;
  /** The certification request, DER; read only now that the applicant is known. */
  readonly readCsr: () => Uint8Array;
  /** Network address that the request came from. */
  readonly source: string;
}

/** Port: the registry's picture of the device after a certificate was issued, written before the device gets its answer. */
export interface ProjectEnrolment {
  enrolled(enrolled: {
    readonly identity: DeviceIdentity;
    readonly policyId: string;
    readonly evidence: 'token' | 'certificate';
    readonly issued: IssuedCertificate;
    readonly source: string;
  }): Promise<void>;
}

/** The last steps of both enrolments: order at the CA, write the projection, hand out the certificate. */
export class IssueDeviceCertificate {
  private readonly ca: Pick<CaPort, 'issueCertificates'>;
  private readonly devices: ProjectEnrolment;

  constructor(ca: Pick<CaPort, 'issueCertificates'>, devices: ProjectEnrolment) {
    this.ca = ca;
    this.devices = devices;
  }

  /** The certificate, DER. what `readCsr` throws, EnrollmentError with the CA's code, CaUnavailableError. */
  async run({ identity, policy, evidence, reenroll, readCsr, source }: EnrolmentOrder): Promise<Uint8Array> {
    const csr = readCsr();
    const [outcome] = await this.ca.issueCertificates([
      { identity, profile: 'ldevid', csr, reenroll, evidence, terms: termsOf(policy) },
    ]);
    if (outcome === undefined) throw new TypeError('the CA answered fewer items than it was asked');
    if (!outcome.ok) throw EnrollmentError.fromRefusal(outcome);
    // Should this fail, the device asks again and gets the same certificate (rule 3); the sweep repairs what a crash left.
    await this.devices.enrolled({
      identity,
      policyId: policy.id,
      evidence: evidence.kind === 'warrant' ? 'token' : 'certificate',
      issued: outcome,
      source,
    });
    return outcome.certificate;
  }
}
