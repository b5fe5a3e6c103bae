import {
  renewalProofOctets,
  type RenewedServiceCertificate,
  type ServiceRenewalOutcome,
  type ServiceRenewalRequest,
} from '@touchmark/ca-port';
import { equalBytes, Oid } from '@touchmark/der';
import { checkCertificationRequestInPool, IssuanceError, profileByName } from '@touchmark/issuance';
import { parseSerialNumber, SeatValue } from '@touchmark/status-list';
import {
  type Database,
  lockServiceCredential,
  readCertificates,
  readServiceCredential,
  serviceCredentialOfKey,
  type ServiceCredentialWithSeat,
} from '@touchmark/store';
import {
  type Certificate,
  encodeSignatureAlgorithm,
  parseCertificate,
  parseSubjectPublicKeyInfo,
  type SignatureAlgorithmName,
  type SubjectPublicKeyInfo,
  verifySignatureInPool,
  X509Error,
} from '@touchmark/x509';
import { answerEach, CaError } from '../ca-error.js';
import { toCaError } from '../issuing/check-request.js';
import type { IssueServiceCertificate } from './issue-service-certificate.js';
import { renewedFields, sameNames } from './renewed-fields.js';

export interface RenewServiceCertificatesPorts {
  readonly db: Database;
  readonly issue: IssueServiceCertificate;
  /** Certificate of an authority, DER. */
  readonly certificateOf: (authorityId: string) => Uint8Array;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

/** A certificate that is asked to be renewed, found in the store. */
interface Current {
  readonly certificate: Certificate;
  readonly credential: ServiceCredentialWithSeat;
  readonly profile: RenewableProfile;
}

const renewableProfiles = ['tls-server', 'gateway-client', 'service'] as const;
type RenewableProfile = (typeof renewableProfiles)[number];

/**
 * Successors for certificates of services, gateways and TLS servers: the same profile and names, a new key, on a proof by the current
 * key. Who brings the request is of no importance. The same request again gets the same certificate (rule 3).
 */
export class RenewServiceCertificates {
  private readonly ports: RenewServiceCertificatesPorts;

  constructor(ports: RenewServiceCertificatesPorts) {
    this.ports = ports;
  }

  run(requests: readonly ServiceRenewalRequest[]): Promise<ServiceRenewalOutcome[]> {
    return answerEach(requests, (request) => this.one(request), this.ports.onError);
  }

  private async one(request: ServiceRenewalRequest): Promise<RenewedServiceCertificate> {
    const { issue, now } = this.ports;
    const current = await this.find(request.certificate);
    await checkProof(current.certificate, request);
    checkUsable(current.credential, now());
    const issued = await this.issuedBefore(current, request.csr);
    if (issued) return issued;
    const { credential, profile } = current;
    const { certificate, authorityId, notBefore, notAfter } = await issue.run({
      profile,
      name: credential.name,
      fields: renewedFields(current.certificate, profileByName(profile)),
      csr: request.csr,
      // once more under its lock: a revocation that came meanwhile wins
      guard: async (tx) => checkUsable(await lockServiceCredential(tx, credential), now()),
    });
    return this.renewed(certificate, authorityId, notBefore, notAfter);
  }

  private async find(der: Uint8Array): Promise<Current> {
    const { db } = this.ports;
    const certificate = read(der);
    const seat = parseSerialNumber(certificate.serialNumber);
    const [stored] = seat ? await readCertificates(db, [seat]) : [];
    if (!seat || !stored || !equalBytes(stored.der, der)) throw new CaError('CERTIFICATE_UNKNOWN');
    const credential = await readServiceCredential(db, seat);
    const profile = renewableProfiles.find((name) => name === credential?.profile);
    if (!credential || !profile) throw new CaError('CERTIFICATE_NOT_SERVICE');
    return { certificate, credential, profile };
  }

  /** The successor that this key got already, when the answer was lost. */
  private async issuedBefore(current: Current, csr: Uint8Array): Promise<RenewedServiceCertificate | undefined> {
    const key = await keyOf(csr, current.profile);
    const earlier = await serviceCredentialOfKey(this.ports.db, key);
    if (!earlier) return undefined;
    const { credential } = current;
    const [stored] = await readCertificates(this.ports.db, [earlier]);
    const forTheSame = earlier.id !== credential.id && earlier.profile === credential.profile;
    if (!stored || !forTheSame || !sameNames(parseCertificate(stored.der), current.certificate)) {
      throw new CaError('KEY_IN_USE', { detail: 'a renewal needs a new key' });
    }
    checkUsable(earlier, this.ports.now());
    return this.renewed(stored.der, earlier.authorityId, earlier.notBefore, earlier.notAfter);
  }

  private renewed(
    certificate: Uint8Array,
    authorityId: string,
    notBefore: number,
    notAfter: number,
  ): RenewedServiceCertificate {
    return { ok: true, certificate, issuerCertificate: this.ports.certificateOf(authorityId), notBefore, notAfter };
  }
}

function read(der: Uint8Array): Certificate {
  try {
    return parseCertificate(der);
  } catch (error) {
    if (error instanceof X509Error) throw new CaError('CERTIFICATE_UNKNOWN', { cause: error });
    throw error;
  }
}

async function keyOf(csr: Uint8Array, profile: RenewableProfile): Promise<Uint8Array> {
  try {
    return (await checkCertificationRequestInPool(csr, profileByName(profile))).spkiSha256;
  } catch (error) {
    throw error instanceof IssuanceError ? toCaError(error) : error;
  }
}

function checkUsable(credential: ServiceCredentialWithSeat | undefined, at: number): void {
  if (!credential) throw new CaError('CERTIFICATE_UNKNOWN');
  if (credential.seatValue === SeatValue.invalid) throw new CaError('CERTIFICATE_REVOKED');
  if (credential.seatValue === SeatValue.suspended) throw new CaError('CERTIFICATE_SUSPENDED');
  if (at > credential.notAfter) throw new CaError('CERTIFICATE_EXPIRED');
  // it was issued an hour after its notBefore: our clock has gone back
  if (at < credential.notBefore) throw new CaError('CLOCK_UNTRUSTED');
}

const PROOF_ALGORITHMS: Readonly<Partial<Record<SubjectPublicKeyInfo['kind'], SignatureAlgorithmName>>> = {
  'EC P-256': 'ecdsaWithSHA256',
  'EC P-384': 'ecdsaWithSHA384',
  Ed25519: 'ed25519',
  RSA: 'sha256WithRSAEncryption',
};

async function checkProof(current: Certificate, { csr, proof }: ServiceRenewalRequest): Promise<void> {
  const subjectPublicKeyInfo = parseSubjectPublicKeyInfo(current.subjectPublicKeyInfo);
  const name = PROOF_ALGORITHMS[subjectPublicKeyInfo.kind];
  if (name === undefined) throw new CaError('PROOF_INVALID');
  const valid = await verifySignatureInPool({
    algorithm: { oid: Oid[name], der: encodeSignatureAlgorithm(name) },
    subjectPublicKeyInfo,
    data: renewalProofOctets(current.der, csr),
    signature: proof,
  });
  if (!valid) throw new CaError('PROOF_INVALID');
}
