import type { AuthenticateDevice } from './authenticate-device.js';
import type { DevicePolicy } from './device-policy.js';
import { checkLabel, type PolicyByLabel } from './enrollment-policy.js';
import { EnrollmentRefusedError, NotAuthenticError } from './est-error.js';
import type { IssueDeviceCertificate } from './issue-device-certificate.js';
import type { Attempt, Refusals } from './refusals.js';
import type { EnrollRequest } from './simple-enroll.js';

export interface SimpleReenrollPorts {
  readonly authenticate: Pick<AuthenticateDevice, 'run'>;
  readonly policies: PolicyByLabel;
  readonly devicePolicy: Pick<DevicePolicy, 'of'>;
  readonly issue: Pick<IssueDeviceCertificate, 'run'>;
  readonly refusals: Pick<Refusals, 'watch'>;
}

/**
 * simplereenroll (RFC 7030 section 4.2.2): the LDevID that authenticates the connection is the one that is rotated, so no
 * password can stand in for it. The same key renews, another one rekeys; the names stay, which the CA checks octet for octet.
 */
export class SimpleReenroll {
  private readonly ports: SimpleReenrollPorts;

  constructor(ports: SimpleReenrollPorts) {
    this.ports = ports;
  }

  /** The certificate, DER. */
  run(request: Omit<EnrollRequest, 'credentials'>): Promise<Uint8Array> {
    return this.ports.refusals.watch(request.source, (attempt) => this.reenroll(request, attempt));
  }

  private async reenroll(
    { label, chain, readCsr, source }: Omit<EnrollRequest, 'credentials'>,
    attempt: Attempt,
  ): Promise<Uint8Array> {
    const { authenticate, policies, devicePolicy, issue } = this.ports;
    if (chain.length === 0) throw new NotAuthenticError('CREDENTIALS_MISSING');
    const presented = await authenticate.run(chain);
    attempt.device = presented.identity;
    if (presented.kind === 'idevid') throw new EnrollmentRefusedError('REENROLL_NEEDS_LDEVID');
    const { identity, policy } = await devicePolicy.of(presented);
    attempt.device = identity;
    await checkLabel(policies, label, policy);
    const evidence = { kind: 'credential', certificate: presented.der } as const;
    return issue.run({ identity, policy, evidence, reenroll: true, readCsr, source });
  }
}
