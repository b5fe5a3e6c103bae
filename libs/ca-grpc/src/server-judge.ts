import { CaUnavailableError } from '@touchmark/ca-port';
import {
  type CertificateStatus,
  readIdentity,
  uncheckedRevocation,
  VerifierError,
  verifyPath,
} from '@touchmark/verifier';
import { type Certificate, spkiSha256 } from '@touchmark/x509';
import { CaGrpcError } from './error.js';
import { refusalOfStatus } from './refusal-of-status.js';
import { Verdicts } from './verdicts.js';

export interface ServerJudgeOptions {
  /** SPIFFE trust domain. */
  readonly realm: string;
  /** The infrastructure CA, of which the server's certificate must come directly. */
  readonly anchors: readonly Certificate[];
  /** What the process knows by itself, without the CA: its database, or what it follows. */
  readonly statusOf: ServerStatus;
  /** Milliseconds within which `statusOf` answers. */
  readonly patience: number;
  /** UTC seconds. */
  readonly now: () => number;
}

/** Status of a certificate by the key that verified it (SHA-256 of its SPKI) and its serialNumber; rejects where it cannot be read. */
export type ServerStatus = (
  issuerSpkiSha256: Uint8Array,
  serialNumber: Uint8Array,
) => CertificateStatus | Promise<CertificateStatus>;

const CA_NAME = 'ca';

/**
 * Says whether a server is the CA: its certificate issued by the infrastructure CA, in force, for servers, named
 * `spiffe://<realm>/service/ca`, and neither revoked nor suspended. The host name is of no importance.
 */
export class ServerJudge {
  private readonly options: ServerJudgeOptions;
  private readonly verdicts = new Verdicts<void>();

  constructor(options: ServerJudgeOptions) {
    this.options = options;
  }

  /** All that the certificate itself says: what is wrong with it, as node:tls wants it in the handshake. */
  check(certificate: Uint8Array): CaGrpcError | undefined {
    try {
      this.identify(certificate);
      return undefined;
    } catch (error) {
      if (error instanceof CaGrpcError) return error;
      throw error;
    }
  }

  /** Rejects with CaGrpcError SERVER_NOT_ACCEPTED; with CaUnavailableError where the status cannot be read. */
  judge(certificate: Uint8Array): Promise<void> {
    return this.verdicts.of(certificate, this.options.now(), async () => {
      const refusal = refusalOfStatus(await this.statusOf(this.identify(certificate)));
      if (refusal !== undefined) throw notAccepted(refusal);
    });
  }

  private identify(certificate: Uint8Array): Subject {
    const { realm, anchors, now } = this.options;
    const result = verifyPath({
      chain: [certificate],
      trustAnchors: anchors,
      intermediates: [],
      at: now(),
      purpose: 'server',
      requireExtKeyUsage: true,
      // asked for after the path was verified
      revocation: uncheckedRevocation,
    });
    if (!result.ok) throw notAccepted(result.error.code, result.error);
    const { leaf, path } = result;
    const identity = identityOf(leaf);
    const isCa = identity?.kind === 'service' && identity.realm === realm && identity.name === CA_NAME;
    const [, issuer] = path;
    if (!isCa || issuer === undefined) throw notAccepted('IDENTITY');
    return { issuerSpkiSha256: spkiSha256(issuer.subjectPublicKeyInfo), serialNumber: leaf.serialNumber };
  }

  private async statusOf({ issuerSpkiSha256, serialNumber }: Subject): Promise<CertificateStatus> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const patience = setTimeout(() => reject(new TypeError('no status in time')), this.options.patience);
    try {
      return await Promise.race([this.options.statusOf(issuerSpkiSha256, serialNumber), late]);
    } catch (error) {
      throw new CaUnavailableError(error);
    } finally {
      clearTimeout(patience);
    }
  }
}

interface Subject {
  readonly issuerSpkiSha256: Uint8Array;
  readonly serialNumber: Uint8Array;
}

function identityOf(certificate: Certificate): ReturnType<typeof readIdentity> {
  try {
    return readIdentity(certificate);
  } catch (error) {
    if (error instanceof VerifierError) throw notAccepted(error.code, error);
    throw error;
  }
}

function notAccepted(reason: string, cause?: unknown): CaGrpcError {
  return new CaGrpcError('SERVER_NOT_ACCEPTED', reason, cause);
}
