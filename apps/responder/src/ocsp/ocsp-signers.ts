import { type CaPort, CaUnavailableError } from '@touchmark/ca-port';
import { loadOcspResponder, type OcspResponder, type Signer } from '@touchmark/issuance';
import { parseCertificate } from '@touchmark/x509';
import type { Log } from '../log.js';
import { makeCertificationRequest } from './certification-request.js';

/** A delegated signer of one issuing CA; times in UTC seconds. */
export interface OcspSigner {
  readonly responder: OcspResponder;
  readonly notAfter: number;
}

export interface OcspSignersOptions {
  readonly ca: Pick<CaPort, 'renewOcspSigners'>;
  /** Makes a new key; it never leaves the process. */
  readonly generateSigner: () => Signer;
  /** UTC seconds. */
  readonly now: () => number;
  readonly log: Log;
}

interface Held extends OcspSigner {
  readonly renewAt: number;
}

/** After a refusal or a fault; a CA that is away, as it is while both start, may be back at any moment. */
const RETRY_SECONDS = 5;
const RETRY_SECONDS_AWAY = 1;

/**
 * One delegated signer for each issuing CA (RFC 6960 section 4.2.2.2): a key made here, a certificate issued directly by that
 * CA, both new at half of the certificate's life. A CA that is away leaves the present signer in use until its notAfter.
 */
export class OcspSigners {
  private readonly options: OcspSignersOptions;
  private readonly signers = new Map<string, Held>();
  private readonly retryAt = new Map<string, number>();
  private renewing: Promise<void> | undefined;
  private caIsAway = false;

  constructor(options: OcspSignersOptions) {
    this.options = options;
  }

  /** The signer of an authority; undefined while there is none whose certificate is in force. */
  get(authorityId: string): OcspSigner | undefined {
    const signer = this.signers.get(authorityId);
    return signer && signer.notAfter > this.options.now() ? signer : undefined;
  }

  /** Renews what is missing or past half of its life. Never rejects; cheap when nothing is due. */
  renew(authorityIds: readonly string[]): Promise<void> {
    if (this.renewing) return this.renewing;
    const now = this.options.now();
    const due = authorityIds.filter(
      (id) => (this.signers.get(id)?.renewAt ?? 0) <= now && (this.retryAt.get(id) ?? 0) <= now,
    );
    if (due.length === 0) return Promise.resolve();
    this.renewing = this.renewAll(due, now).finally(() => {
      this.renewing = undefined;
    });
    return this.renewing;
  }

  private async renewAll(authorityIds: readonly string[], now: number): Promise<void> {
    const { ca, generateSigner, log } = this.options;
    for (const id of authorityIds) this.retryAt.set(id, now + RETRY_SECONDS);
    try {
      const orders = await Promise.all(
        authorityIds.map(async (authorityId) => {
          const signer = generateSigner();
          return { authorityId, signer, csr: await makeCertificationRequest(`OCSP signer of ${authorityId}`, signer) };
        }),
      );
      const outcomes = await ca.renewOcspSigners(orders.map(({ authorityId, csr }) => ({ authorityId, csr })));
      this.caIsAway = false;
      for (const [i, { authorityId, signer }] of orders.entries()) {
        const outcome = outcomes[i];
        if (outcome?.ok) this.hold(authorityId, signer, outcome.certificate, now);
        else log.error({ authorityId, code: outcome?.code, detail: outcome?.detail }, 'the CA refused an OCSP signer');
      }
    } catch (error) {
      if (error instanceof CaUnavailableError) this.waitForCa(authorityIds, now);
      else log.error({ err: error, authorityIds }, 'OCSP signers could not be renewed');
    }
  }

  /** Said once, not each second: processes start in any order. */
  private waitForCa(authorityIds: readonly string[], now: number): void {
    for (const id of authorityIds) this.retryAt.set(id, now + RETRY_SECONDS_AWAY);
    if (!this.caIsAway)
      this.options.log.warn({ authorityIds }, 'the CA cannot be reached yet: OCSP signers wait for it');
    this.caIsAway = true;
  }

  private hold(authorityId: string, signer: Signer, certificate: Uint8Array, now: number): void {
    const { notAfter } = parseCertificate(certificate);
    const responder = loadOcspResponder(signer, certificate);
    this.signers.set(authorityId, { responder, notAfter, renewAt: now + Math.floor((notAfter - now) / 2) });
    this.retryAt.delete(authorityId);
    this.options.log.info({ authorityId, notAfter }, 'OCSP signer renewed');
  }
}
