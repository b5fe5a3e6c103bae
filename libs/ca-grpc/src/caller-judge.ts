import { type CaCaller, CaUnavailableError } from '@touchmark/ca-port';
import {
  type CertificateStatus,
  type Identity,
  readIdentity,
  VerifierError,
  verifyPath,
  uncheckedRevocation,
} from '@touchmark/verifier';
import type { Certificate } from '@touchmark/x509';
import { CaGrpcError } from './error.js';
import { refusalOfStatus } from './refusal-of-status.js';
import { Verdicts } from './verdicts.js';

export interface CallerJudgeOptions {
  /** SPIFFE trust domain. */
  readonly realm: string;
  /** The infrastructure CA, of which every caller's certificate must come directly. */
  readonly anchors: () => readonly Certificate[];
  /** Status of a certificate of the infrastructure CA by its serialNumber, as the CA's own database has it. */
  readonly statusOf: (serialNumber: Uint8Array) => Promise<CertificateStatus>;
  /** UTC seconds. */
  readonly now: () => number;
}

const callers: ReadonlyMap<string, CaCaller> = new Map([
  ['enrollment', 'enrollment'],
  ['responder', 'responder'],
]);

/**
 * Says who calls, by the certificate alone. A verdict holds for the second in which it was made: a revocation ends a caller's calls
 * within a second, on connections that were open before, too.
 */
export class CallerJudge {
  private readonly options: CallerJudgeOptions;
  private readonly verdicts = new Verdicts<CaCaller>();

  constructor(options: CallerJudgeOptions) {
    this.options = options;
  }

  /** `certificate` is DER. Rejects with CaGrpcError CALLER_NOT_ACCEPTED; with CaUnavailableError where the status cannot be read. */
  judge(certificate: Uint8Array): Promise<CaCaller> {
    const at = this.options.now();
    return this.verdicts.of(certificate, at, () => this.decide(certificate, at));
  }

  private async decide(der: Uint8Array, at: number): Promise<CaCaller> {
    const { caller, serialNumber } = this.identify(der, at);
    // the database is asked of nobody but the callers that we certified
    const refusal = refusalOfStatus(await this.statusOf(serialNumber));
    if (refusal !== undefined) throw notAccepted(refusal);
    return caller;
  }

  /** All that the certificate itself says. */
  private identify(der: Uint8Array, at: number): { caller: CaCaller; serialNumber: Uint8Array } {
    const result = verifyPath({
      chain: [der],
      trustAnchors: this.options.anchors(),
      intermediates: [],
      at,
      purpose: 'client',
      requireExtKeyUsage: true,
      revocation: uncheckedRevocation,
    });
    if (!result.ok) throw notAccepted(result.error.code, result.error);
    const identity = identityOf(result.leaf);
    const caller = identity?.kind === 'service' ? callers.get(identity.name) : undefined;
    if (caller === undefined || identity?.realm !== this.options.realm) throw notAccepted('IDENTITY');
    return { caller, serialNumber: result.leaf.serialNumber };
  }

  private async statusOf(serialNumber: Uint8Array): Promise<CertificateStatus> {
    try {
      return await this.options.statusOf(serialNumber);
    } catch (error) {
      throw new CaUnavailableError(error);
    }
  }
}

function identityOf(certificate: Certificate): Identity | undefined {
  try {
    return readIdentity(certificate);
  } catch (error) {
    if (error instanceof VerifierError) throw notAccepted(error.code, error);
    throw error;
  }
}

function notAccepted(reason: string, cause?: unknown): CaGrpcError {
  return new CaGrpcError('CALLER_NOT_ACCEPTED', reason, cause);
}
