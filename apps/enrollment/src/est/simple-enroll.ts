import { EnrollmentError, type EnrollmentErrorCode } from '../enrollment-error.js';
import type { AuthenticateDevice, DeviceCertificate } from './authenticate-device.js';
import type { BasicCredentials } from './basic-credentials.js';
import type { CheckToken } from './check-token.js';
import type { DevicePolicy } from './device-policy.js';
import { checkBootstrap, checkLabel, type PolicyByLabel, policyOfPath } from './enrollment-policy.js';
import { NotAuthenticError } from './est-error.js';
import type { IssueDeviceCertificate } from './issue-device-certificate.js';
import type { Attempt, Refusals } from './refusals.js';

/** One enrolment as the transport read it. */
export interface EnrollRequest {
  /** EST label of the path. */
  readonly label: string | undefined;
  /** Certificates of the TLS client, end entity first; empty: none. */
  readonly chain: readonly Uint8Array[];
  readonly credentials: BasicCredentials | undefined;
  readonly body: Uint8Array;
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
   * A certificate that is good wins over a token given with it: it continues the lineage that its holder is in, while a token
   * begins one, and a client that is set up with both sends both every time. A token is for who has no usable certificate
   * (section 3.2.3), also where the TLS stack still shows an old one: after an outage, or after the device was recommissioned.
   */
  private async enroll(request: EnrollRequest, attempt: Attempt): Promise<Uint8Array> {
    const presented = await this.presented(request);
    if (presented instanceof NotAuthenticError) {
      if (request.credentials === undefined) throw presented;
      return this.byToken(request, request.credentials, attempt);
    }
    attempt.device = presented.identity;
    try {
      return await this.byCertificate(request, presented, attempt);
    } catch (error) {
      if (request.credentials === undefined || !isUseless(error)) throw error;
      return this.byToken(request, request.credentials, attempt, presented);
    }
  }

  private async presented({ chain }: EnrollRequest): Promise<DeviceCertificate | NotAuthenticError> {
    if (chain.length === 0) return new NotAuthenticError('CREDENTIALS_MISSING');
    try {
      return await this.ports.authenticate.run(chain);
    } catch (error) {
      if (error instanceof NotAuthenticError) return error;
      throw error;
    }
  }

  private async byCertificate(
    request: EnrollRequest,
    presented: DeviceCertificate,
    attempt: Attempt,
  ): Promise<Uint8Array> {
    const { label, body, source } = request;
    const { policies, devicePolicy, issue } = this.ports;
    const evidence = { kind: 'credential', certificate: presented.der } as const;
    if (presented.kind === 'idevid') {
      const policy = await policyOfPath(policies, label);
      checkBootstrap(policy, presented.identity.model, 'idevid');
      return issue.run({ identity: presented.identity, policy, evidence, reenroll: false, body, source });
    }
    const { identity, policy } = await devicePolicy.of(presented);
    attempt.device = identity;
    await checkLabel(policies, label, policy);
    return issue.run({ identity, policy, evidence, reenroll: false, body, source });
  }

  private async byToken(
    { label, body, source }: EnrollRequest,
    credentials: BasicCredentials,
    attempt: Attempt,
    presented?: DeviceCertificate,
  ): Promise<Uint8Array> {
    const token = await this.ports.tokens.run(credentials);
    if (presented && !isSameDevice(presented, token)) throw new NotAuthenticError('ENROLLMENT_TOKEN_MISMATCH');
    const { identity, policy, warrantId } = token;
    attempt.device = identity;
    await checkLabel(this.ports.policies, label, policy);
    checkBootstrap(policy, identity.model, 'token');
    const evidence = { kind: 'warrant', warrantId } as const;
    return this.ports.issue.run({ identity, policy, evidence, reenroll: false, body, source });
  }
}

// Not among them: a hold (a token is no way around it) and a lineage fork (which is news, not an old certificate).
const USELESS: ReadonlySet<EnrollmentErrorCode> = new Set<EnrollmentErrorCode>([
  'CREDENTIAL_UNKNOWN',
  'PARENT_INVALID',
  'PARENT_EXPIRED',
  'PARENT_GENERATION_CLOSED',
  'PARENT_WITHDRAWN',
]);

const isUseless = (error: unknown): boolean => error instanceof EnrollmentError && USELESS.has(error.code);

function isSameDevice(
  { identity: a }: DeviceCertificate,
  { identity: b }: { identity: DeviceCertificate['identity'] },
) {
  return a.realm === b.realm && a.model === b.model && a.deviceSerial.toLowerCase() === b.deviceSerial.toLowerCase();
}
