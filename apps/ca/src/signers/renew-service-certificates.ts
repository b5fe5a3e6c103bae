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
  lockServiceHolder,
  markServiceCredentialSeen,
  readCertificates,
  readServiceCredential,
  serviceCredentialOfKey,
  serviceCredentialsOf,
  type ServiceCredentialWithSeat,
  type Transaction,
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
import { reasonCodes, SeatChanges } from '../status/seat-changes.js';
import { withRandom } from '../status/service-seats.js';
import { renewedFields } from './renewed-fields.js';

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
 * key. Who brings the request is of no importance. The same key again gets the same certificate (rule 3), the certificate's own key
 * included: with that, a holder shows that it has what it was given. Any other key has to wait for the half of the certificate's life,
 * and then takes the place of a successor that never showed itself (rule 4).
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
    const { issue } = this.ports;
    const current = await this.find(request.certificate);
    await checkProof(current.certificate, request);
    await this.sight(current.credential);
    const { credential, profile } = current;
    const spkiSha256 = await keyOf(request.csr, profile);
    const before = await this.issuedBefore(current, spkiSha256);
    if (before) return before;
    try {
      const { certificate, authorityId, notBefore, notAfter } = await issue.run({
        profile,
        name: credential.name,
        fields: renewedFields(current.certificate, profileByName(profile)),
        csr: request.csr,
        succession: { parentId: credential.id, settle: (tx) => this.settle(tx, credential) },
      });
      return this.renewed(certificate, authorityId, notBefore, notAfter);
    } catch (error) {
      // the same request at the same time was first
      const meanwhile = error instanceof CaError ? await this.issuedBefore(current, spkiSha256) : undefined;
      if (meanwhile) return meanwhile;
      throw error;
    }
  }

  /** A proof is a sighting. Under the lock, so that nobody withdraws what shows itself at that moment. */
  private async sight(credential: ServiceCredentialWithSeat): Promise<void> {
    const { db, now } = this.ports;
    checkUsable(credential, now());
    if (credential.seenAt !== null) return;
    await db.transaction(async (tx) => {
      await lockServiceHolder(tx, credential);
      checkUsable(await readServiceCredential(tx, credential), now());
      await markServiceCredentialSeen(tx, credential.id, now());
    });
  }

  /** Decides, under the lock of the holder, whether there may be a successor now, and what it takes the place of. */
  private async settle(tx: Transaction, { id, listId, index, profile, name }: ServiceCredentialWithSeat) {
    const at = this.ports.now();
    const credential = checkUsable(await readServiceCredential(tx, { listId, index }), at);
    if (at < halfLife(credential)) throw new CaError('RENEWAL_TOO_EARLY');
    const successors = (await serviceCredentialsOf(tx, { profile, name })).filter((one) => one.parentId === id);
    const left = successors.filter((one) => one.seatValue !== SeatValue.invalid && at <= one.notAfter);
    if (left.some(({ seenAt }) => seenAt !== null)) throw new CaError('LINEAGE_FORK');
    if (successors.filter((one) => at < issuedAt(one) + HOUR).length > REPLACEMENTS_AN_HOUR)
      throw new CaError('TOO_MANY_REPLACEMENTS');
    const seats = new SeatChanges();
    for (const unseen of await withRandom(tx, left)) seats.revoke(unseen, at, reasonCodes.superseded);
    return seats;
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

  /** What this key got on the certificate already, when the answer was lost; the certificate itself for its own key. */
  private async issuedBefore(
    { credential }: Current,
    spkiSha256: Uint8Array,
  ): Promise<RenewedServiceCertificate | undefined> {
    const { db, now } = this.ports;
    const earlier = await serviceCredentialOfKey(db, spkiSha256);
    if (!earlier) return undefined;
    const own = earlier.id === credential.id;
    if (own && now() >= halfLife(credential)) throw new CaError('KEY_IN_USE', { detail: 'a renewal needs a new key' });
    if (!own && earlier.parentId !== credential.id) throw new CaError('KEY_IN_USE');
    if (!own && earlier.seatValue === SeatValue.invalid) throw new CaError('KEY_REVOKED');
    checkUsable(earlier, now());
    const [stored] = await readCertificates(db, [earlier]);
    if (!stored) throw new TypeError('a service credential without a certificate');
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

const HOUR = 3600;
/** Successors that one certificate may be given within an hour, besides the first. */
const REPLACEMENTS_AN_HOUR = 10;

const halfLife = ({ notBefore, notAfter }: ServiceCredentialWithSeat): number => Math.floor((notBefore + notAfter) / 2);

const issuedAt = ({ profile, notBefore }: ServiceCredentialWithSeat): number =>
  notBefore + profileByName(profile).backdate;

function checkUsable(credential: ServiceCredentialWithSeat | undefined, at: number): ServiceCredentialWithSeat {
  if (!credential) throw new CaError('CERTIFICATE_UNKNOWN');
  if (credential.seatValue === SeatValue.invalid) throw new CaError('CERTIFICATE_REVOKED');
  if (credential.seatValue === SeatValue.suspended) throw new CaError('CERTIFICATE_SUSPENDED');
  if (at > credential.notAfter) throw new CaError('CERTIFICATE_EXPIRED');
  // it was issued an hour after its notBefore: our clock has gone back
  if (at < credential.notBefore) throw new CaError('CLOCK_UNTRUSTED');
  return credential;
}

const PROOF_ALGORITHMS: Readonly<
  Partial<Record<SubjectPublicKeyInfo['kind'], SignatureAlgorithmName & keyof typeof Oid>>
> = {
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
