import { encodeOcspResponse, type OcspCertStatus, type OcspSingleResponse } from '@touchmark/issuance';
import { parseSerialNumber, type SerialNumberParts } from '@touchmark/status-list';
import { StoreError } from '@touchmark/store';
import { type CertId, type OcspRequest, parseOcspRequest, type ReasonCode, X509Error } from '@touchmark/x509';
import type { Log } from '../log.js';
import type { ResponderSettings } from '../responder-settings.js';
import type { SeatStatus, StatusView } from '../status-view/status-view.js';
import type { Issuers } from './issuers.js';
import { cacheableAnswer, errorAnswers, type OcspAnswer, privateAnswer } from './ocsp-answer.js';
import type { OcspSigners } from './ocsp-signers.js';
import { ResponseCache } from './response-cache.js';

/** Requests in one OCSPRequest; all are answered, in order. More is malformedRequest. */
export const MAX_REQUESTS = 16;

/** Seconds for which "not issued" may be repeated: short, because the next moment it may be issued. */
const UNKNOWN_LIFE = 60;
const UNKNOWN_REFRESH = 10;
const UNKNOWN_CACHE_SIZE = 4_096;

export interface AnswerRequestPorts {
  readonly view: StatusView;
  readonly issuers: Pick<Issuers, 'find'>;
  readonly issuedSeats: { isIssued(seat: SerialNumberParts, leasedTo: number): boolean | Promise<boolean> };
  readonly signers: Pick<OcspSigners, 'get'>;
  /** UTC seconds. */
  readonly now: () => number;
  readonly log: Log;
}

type Settings = Pick<ResponderSettings, 'allowedLag' | 'ocspValidity' | 'ocspMaxAge' | 'ocspRefresh' | 'ocspCacheSize'>;

/** An answer that may be given again as long as what it was made of is still the latest. */
interface KeptAnswer {
  readonly answer: OcspAnswer;
  readonly refreshAt: number;
  readonly listId: number;
  readonly index: number;
  readonly status: SeatStatus | undefined;
}

interface KeptUnknown {
  readonly answer: OcspAnswer;
  readonly refreshAt: number;
  readonly growth: number;
}

/** What is asked about: a seat that was issued, or nothing that was. */
type Subject = { readonly certId: CertId; readonly seat: SerialNumberParts | undefined };

/**
 * Answers OCSP requests from the proven status (rule 2): thisUpdate and producedAt are the time at which the journal head was
 * last read, and once that is longer ago than allowed the answer is tryLater.
 */
export class AnswerRequest {
  private readonly ports: AnswerRequestPorts;
  private readonly settings: Settings;
  private readonly kept: ResponseCache<KeptAnswer>;
  private readonly unknown: ResponseCache<KeptUnknown>;

  constructor(ports: AnswerRequestPorts, settings: Settings) {
    this.ports = ports;
    this.settings = settings;
    this.kept = new ResponseCache(settings.ocspCacheSize);
    this.unknown = new ResponseCache(Math.min(settings.ocspCacheSize, UNKNOWN_CACHE_SIZE));
  }

  /** Forgets the answers made so far; for when the whole view was replaced. */
  forget(): void {
    this.kept.clear();
    this.unknown.clear();
  }

  /** From the DER of an OCSPRequest to an answer, whatever the request is. At once where the answer is kept. */
  run(der: Uint8Array): OcspAnswer | Promise<OcspAnswer> {
    let request: OcspRequest;
    try {
      request = parseOcspRequest(der);
    } catch (error) {
      return this.failed(error);
    }
    if (request.requestList.length > MAX_REQUESTS) return errorAnswers.malformedRequest;
    if (!this.isProven()) return errorAnswers.tryLater;
    const key = keptUnder(request);
    const kept = key === undefined ? undefined : this.find(key);
    return kept ?? this.make(request, key).catch((error: unknown) => this.failed(error));
  }

  private isProven(): boolean {
    return this.ports.now() - this.ports.view.askedAt <= this.settings.allowedLag;
  }

  private find(key: string): OcspAnswer | undefined {
    const { view, now } = this.ports;
    const kept = this.kept.get(key);
    if (kept) {
      const list = view.list(kept.listId);
      return list && list.seats.get(kept.index) === kept.status && now() < kept.refreshAt ? kept.answer : undefined;
    }
    const unknown = this.unknown.get(key);
    return unknown && unknown.growth === view.growth && now() < unknown.refreshAt ? unknown.answer : undefined;
  }

  private async make(request: OcspRequest, key: string | undefined): Promise<OcspAnswer> {
    const { view, signers } = this.ports;
    const authorityId = this.authorityOf(request);
    if (authorityId === undefined) return errorAnswers.unauthorized;
    const { growth } = view;
    const subjects = await Promise.all(request.requestList.map((certId) => this.subjectOf(certId, authorityId)));

    // From here to the signature nothing waits: status and time of proof are of the same moment.
    const signer = signers.get(authorityId);
    const thisUpdate = view.provenAt;
    if (!signer || thisUpdate === undefined || !this.isProven() || signer.notAfter <= thisUpdate) return errorAnswers.tryLater;
    const responses = subjects.map((subject) => this.singleResponse(subject, thisUpdate, signer.notAfter));
    const [subject] = subjects;
    const status = subject?.seat && view.status(subject.seat.listId, subject.seat.index);
    const { nonce } = request;
    const der = await encodeOcspResponse(signer.responder, { producedAt: thisUpdate, responses, ...(nonce && { nonce }) });
    if (nonce) return privateAnswer(der);
    const { refreshAt, answer } = this.cacheable(der, responses);
    if (key !== undefined && subject) {
      if (subject.seat) this.kept.set(key, { answer, refreshAt, listId: subject.seat.listId, index: subject.seat.index, status });
      else this.unknown.set(key, { answer, refreshAt, growth });
    }
    return answer;
  }

  /** One response has one signer, so all certificates of a request must be of one authority, and that one of ours. */
  private authorityOf({ requestList }: OcspRequest): string | undefined {
    const [first, ...others] = requestList.map((certId) => this.ports.issuers.find(certId));
    return others.every((other) => other === first) ? first : undefined;
  }

  private async subjectOf(certId: CertId, authorityId: string): Promise<Subject> {
    const seat = parseSerialNumber(certId.serialNumber);
    const list = seat && this.ports.view.list(seat.listId);
    // a list means something only under the key that it belongs to, and a seat beyond the last lease is nobody's
    if (!list || list.authorityId !== authorityId || seat.index >= list.leasedTo) return { certId, seat: undefined };
    return { certId, seat: (await this.ports.issuedSeats.isIssued(seat, list.leasedTo)) ? seat : undefined };
  }

  private singleResponse({ certId, seat }: Subject, thisUpdate: number, signerNotAfter: number): OcspSingleResponse {
    const certStatus: OcspCertStatus = seat ? toCertStatus(this.ports.view.status(seat.listId, seat.index)) : { status: 'unknown' };
    const life = seat ? this.settings.ocspValidity : Math.min(UNKNOWN_LIFE, this.settings.ocspValidity);
    return { certId: certId.der, certStatus, thisUpdate, nextUpdate: Math.min(thisUpdate + life, signerNotAfter) };
  }

  private cacheable(der: Uint8Array, responses: readonly OcspSingleResponse[]): { answer: OcspAnswer; refreshAt: number } {
    const { ocspMaxAge, ocspRefresh } = this.settings;
    const thisUpdate = responses[0]?.thisUpdate ?? 0;
    const nextUpdate = Math.min(...responses.map((response) => response.nextUpdate));
    const unknown = responses.some(({ certStatus }) => certStatus.status === 'unknown');
    const refresh = Math.min(unknown ? UNKNOWN_REFRESH : ocspRefresh, Math.floor((nextUpdate - thisUpdate) / 2));
    // an answer is given until refreshAt, and what is given last must still end before its nextUpdate
    const maxAge = Math.min(unknown ? UNKNOWN_REFRESH : ocspMaxAge, Math.max(0, nextUpdate - thisUpdate - refresh - 1));
    return { answer: cacheableAnswer(der, { thisUpdate, nextUpdate, maxAge }), refreshAt: thisUpdate + refresh };
  }

  private failed(error: unknown): OcspAnswer {
    if (error instanceof X509Error) return errorAnswers.malformedRequest;
    if (error instanceof StoreError && error.code === 'STORE_UNAVAILABLE') return errorAnswers.tryLater;
    this.ports.log.error({ err: error }, 'an OCSP request could not be answered');
    return errorAnswers.internalError;
  }
}

/** Octets of the CertID, as text of one character each; undefined for requests that are answered only once. */
function keptUnder({ requestList, nonce }: OcspRequest): string | undefined {
  const [certId] = requestList;
  if (nonce || !certId || requestList.length > 1) return undefined;
  const { der } = certId;
  return Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString('latin1');
}

/** CRLReason by number (RFC 5280 section 5.3.1); 7 is not used. */
const REASONS: readonly (ReasonCode | undefined)[] = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  undefined,
  'removeFromCRL',
  'privilegeWithdrawn',
  'aACompromise',
];

function toCertStatus(status: SeatStatus | undefined): OcspCertStatus {
  if (status === undefined || status.value === 0) return { status: 'good' };
  const revocationReason = REASONS[status.reason];
  return { status: 'revoked', revocationTime: status.revokedAt, ...(revocationReason && { revocationReason }) };
}
