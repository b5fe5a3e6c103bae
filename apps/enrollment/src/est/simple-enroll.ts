import type { DeviceIdentity } from '@touchmark/ca-port';
import { EnrollmentError, type EnrollmentErrorCode } from '../enrollment-error.js';
import type { AuthenticateDevice } from './authenticate-device.js';
import type { BasicCredentials } from './basic-credentials.js';
import type { CheckToken } from './check-token.js';
import type { DevicePolicy } from './device-policy.js';
import { checkBootstrap, checkLabel, type PolicyByLabel, policyOfPath } from './enrollment-policy.js';
import { EnrollmentRefusedError, NotAuthenticError } from './est-error.js';
import type { IssueDeviceCertificate } from './issue-device-certificate.js';
import type { Attempt, Refusals } from './refusals.js';

/** One enrolment as the transport read it. */
export interface EnrollRequest {
  /** EST label of the path. */
  readonly label: string | undefined;
  /** Certificates of the TLS client, end entity first; empty: none. */
  readonly chain: readonly Uint8Array[];
  readonly credentials: BasicCredentials | undefined;
  /** Reads the certification request out of the body, DER. */
  readonly readCsr: () => Uint8Array;
  readonly source: string;
}

export interface SimpleEnrollPorts {
  readonly authenticate: Pick<AuthenticateDevice, 'run'>;
  readonly tokens: Pick<CheckToken, 'run'>;
  readonly policies: PolicyByLabel;
  readonly devicePolicy: Pick<DevicePolicy, 'of'>;
  readonly issue: Pick<IssueDeviceCertificate, 'run'>;
  readonly refusals: Pick<Refusals, 'watch'>;
}

/**
 * simpleenroll (RFC 7030 section 4.2.1): an LDevID for a device that proves itself by an IDevID, by an enrollment token, or by
 * the LDevID that it has. The last is a rotation as with simplereenroll (section 3.3.2 lets any certificate of ours
 * authenticate it): the CA holds it to the same lineage rules, but the request need not repeat the names.
 */
export class SimpleEnroll {
  private readonly ports: SimpleEnrollPorts;

  constructor(ports: SimpleEnrollPorts) {
    this.ports = ports;
  }

  /** The certificate, DER. */
  run(request: EnrollRequest): Promise<Uint8Array> {
    return this.ports.refusals.watch(request.source, (attempt) => this.enroll(request, attempt));
  }

  /**
   * A certificate that serves wins over a token given with it: it continues the lineage that its holder is in, while a token
   * begins one, and a client that is set up with both sends both every time. A token is for who has no usable certificate
   * (section 3.2.3). TLS stacks show what they have: an IDevID where the policy wants a token, an LDevID that expired in a
   * drawer or that is from before the device was recommissioned.
   */
  private async enroll(request: EnrollRequest, attempt: Attempt): Promise<Uint8Array> {
    try {
      return await this.byCertificate(request, attempt);
    } catch (error) {
      if (request.credentials === undefined || !isUnusable(error)) throw error;
      return this.byToken(request, request.credentials, attempt);
    }
  }

  private async byCertificate({ label, chain, readCsr, source }: EnrollRequest, attempt: Attempt): Promise<Uint8Array> {
    const { authenticate, policies, devicePolicy, issue } = this.ports;
    if (chain.length === 0) throw new NotAuthenticError('CREDENTIALS_MISSING');
    const presented = await authenticate.run(chain);
    attempt.device = presented.identity;
    const evidence = { kind: 'credential', certificate: presented.der } as const;
    if (presented.kind === 'idevid') {
      const policy = await policyOfPath(policies, label);
      checkBootstrap(policy, presented.identity.model, 'idevid');
      return issue.run({ identity: presented.identity, policy, evidence, reenroll: false, readCsr, source });
    }
    const { identity, policy } = await devicePolicy.of(presented);
    attempt.device = identity;
    await checkLabel(policies, label, policy);
    return issue.run({ identity, policy, evidence, reenroll: false, readCsr, source });
  }

  private async byToken(
    { label, readCsr, source }: EnrollRequest,
    credentials: BasicCredentials,
    attempt: Attempt,
  ): Promise<Uint8Array> {
    const token = await this.ports.tokens.run(credentials);
    const { identity, policy, warrantId } = token;
    // Whose certificate is beside it is known by then, though it was of no use.
    if (attempt.device && !isSameDevice(attempt.device, identity)) {
      throw new NotAuthenticError('ENROLLMENT_TOKEN_MISMATCH');
    }
    attempt.device = identity;
    await checkLabel(this.ports.policies, label, policy);
    checkBootstrap(policy, identity.model, 'token');
    const evidence = { kind: 'warrant', warrantId } as const;
    return this.ports.issue.run({ identity, policy, evidence, reenroll: false, readCsr, source });
  }
}

// Not among them: a hold (a token is no way around it) and a lineage fork (which is news, not an old certificate).
const UNUSABLE: ReadonlySet<EnrollmentErrorCode> = new Set<EnrollmentErrorCode>([
  'CREDENTIAL_UNKNOWN',
  'PARENT_INVALID',
  'PARENT_EXPIRED',
  'PARENT_GENERATION_CLOSED',
  'PARENT_WITHDRAWN',
]);

function isUnusable(error: unknown): boolean {
  if (error instanceof EnrollmentError) return UNUSABLE.has(error.code);
  return error instanceof NotAuthenticError || error instanceof EnrollmentRefusedError;
}

function isSameDevice(a: DeviceIdentity, b: DeviceIdentity): boolean {
  return a.realm === b.realm && a.model === b.model && a.deviceSerial.toLowerCase() === b.deviceSerial.toLowerCase();
}
