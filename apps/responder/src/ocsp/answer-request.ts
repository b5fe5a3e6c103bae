import { encodeOcspResponse, type OcspCertStatus, type OcspSingleResponse } from '@touchmark/issuance';
import { parseSerialNumber, type Seat, type SerialNumberParts } from '@touchmark/status-list';
import { StoreError } from '@touchmark/store';
import { type CertId, type OcspRequest, parseOcspRequest, reasonOfNumber, X509Error } from '@touchmark/x509';
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
/** Characters of a request that is remembered by its spelling; one CertID with SHA-256 takes 180 in a path. */
const MAX_RECALLED_LENGTH = 512;

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

/**
 * An answer that may be given again until `refreshAt` (UTC seconds), as long as what it was made of is still the latest: the
 * status of a seat, or the view's growth for what was not issued.
 */
interface KeptAnswer {
  readonly answer: OcspAnswer;
  readonly refreshAt: number;
  readonly madeOf: { readonly seat: Seat; readonly status: SeatStatus | undefined } | { readonly growth: number };
}

/** What is asked about: a seat that was issued, or nothing that was. */
type Subject = { readonly certId: CertId; readonly seat: SerialNumberParts | undefined };

interface ToSign {
  readonly subjects: readonly Subject[];
  readonly authorityId: string;
  /** The view's, before the subjects were looked up. */
  readonly growth: number;
  readonly nonce: Uint8Array | undefined;
  /** Where the answer is kept; undefined: nowhere. */
  readonly key: string | undefined;
}

/**
 * Answers OCSP requests from the proven status (rule 2): thisUpdate and producedAt are the time at which the journal head was
 * last read, and once that is longer ago than allowed the answer is tryLater.
 */
export class AnswerRequest {
  private readonly ports: AnswerRequestPorts;
  private readonly settings: Settings;
  /**
   * By CertID, whose octets follow from issuer, hash and serial number but for the NULL of the hash's parameters, which is echoed
   * as it came. Answers about what was not issued have a place of their own, where made-up serial numbers push out only each other.
   */
  private readonly kept: ResponseCache<KeptAnswer>;
  private readonly unknown: ResponseCache<KeptAnswer>;
  /** The same answers by the request as it came, so that one asked again need not be read again. Long ones always are. */
  private readonly recalled: ResponseCache<KeptAnswer>;

  constructor(ports: AnswerRequestPorts, settings: Settings) {
    this.ports = ports;
    this.settings = settings;
    this.kept = new ResponseCache(settings.ocspCacheSize);
    this.unknown = new ResponseCache(Math.min(settings.ocspCacheSize, UNKNOWN_CACHE_SIZE));
    this.recalled = new ResponseCache(settings.ocspCacheSize);
  }

  /** Forgets the answers made so far; for when the whole view was replaced. */
  forget(): void {
    this.kept.clear();
    this.unknown.clear();
    this.recalled.clear();
  }

  /**
   * The answer to a request that came before in the same spelling (`asText`: its target, or its body as latin1), where it still
   * holds; undefined: read the request and `run` it.
   */
  recall(asText: string): OcspAnswer | undefined {
    const kept = this.recalled.get(asText);
    return kept && this.isProven() && this.holds(kept) ? kept.answer : undefined;
  }

  /** From the DER of an OCSPRequest to an answer, whatever the request is. At once where the answer is kept. */
  run(der: Uint8Array, asText: string): OcspAnswer | Promise<OcspAnswer> {
    let request: OcspRequest;
    try {
      request = parseOcspRequest(der);
    } catch (error) {
      return this.failed(error);
    }
    if (request.requestList.length > MAX_REQUESTS) return errorAnswers.malformedRequest;
    if (!this.isProven()) return errorAnswers.tryLater;
    const key = keptUnder(request);
    const kept = key === undefined ? undefined : (this.kept.get(key) ?? this.unknown.get(key));
    if (kept && this.holds(kept)) {
      if (asText.length <= MAX_RECALLED_LENGTH) this.recalled.set(asText, kept);
      return kept.answer;
    }
    try {
      const made = this.make(request, key);
      return made instanceof Promise ? made.catch((error: unknown) => this.failed(error)) : made;
    } catch (error) {
      return this.failed(error);
    }
  }

  private isProven(): boolean {
    return this.ports.view.isProven(this.ports.now(), this.settings.allowedLag);
  }

  private holds({ refreshAt, madeOf }: KeptAnswer): boolean {
    const { view, now } = this.ports;
    if (now() >= refreshAt) return false;
    if ('growth' in madeOf) return madeOf.growth === view.growth;
    const list = view.list(madeOf.seat.listId);
    return list !== undefined && list.seats.get(madeOf.seat.index) === madeOf.status;
  }

  // promises only where something is really waited for: most answers are made within one tick
  private make(request: OcspRequest, key: string | undefined): OcspAnswer | Promise<OcspAnswer> {
    const authorityId = this.authorityOf(request);
    if (authorityId === undefined) return errorAnswers.unauthorized;
    const { growth } = this.ports.view;
    const subjects = request.requestList.map((certId) => this.subjectOf(certId, authorityId));
    const finish = (known: readonly Subject[]): OcspAnswer | Promise<OcspAnswer> =>
      this.sign({ subjects: known, authorityId, growth, nonce: request.nonce, key });
    return subjects.every(isKnown)
      ? finish(subjects)
      : Promise.all(subjects.map(async (subject) => subject)).then(finish);
  }

  /** Reads status and time of proof in one moment, and signs what they were then. */
  private sign({ subjects, authorityId, growth, nonce, key }: ToSign): OcspAnswer | Promise<OcspAnswer> {
    const { view, signers } = this.ports;
    const signer = signers.get(authorityId);
    const thisUpdate = view.provenAt;
    if (!signer || thisUpdate === undefined || !this.isProven() || signer.notAfter <= thisUpdate)
      return errorAnswers.tryLater;
    const responses = subjects.map((subject) => this.singleResponse(subject, thisUpdate, signer.notAfter));
    const seat = subjects[0]?.seat;
    const madeOf = seat
      ? { seat: { listId: seat.listId, index: seat.index }, status: view.status(seat.listId, seat.index) }
      : { growth };
    const finish = (der: Uint8Array): OcspAnswer => {
      if (nonce) return privateAnswer(der);
      const { refreshAt, answer } = this.cacheable(der, responses);
      if (key !== undefined) (seat ? this.kept : this.unknown).set(key, { answer, refreshAt, madeOf });
      return answer;
    };
    const signed = encodeOcspResponse(signer.responder, { producedAt: thisUpdate, responses, ...(nonce && { nonce }) });
    return signed instanceof Promise ? signed.then(finish) : finish(signed);
  }

  /** One response has one signer, so all certificates of a request must be of one authority, and that one of ours. */
  private authorityOf({ requestList }: OcspRequest): string | undefined {
    const [first, ...others] = requestList.map((certId) => this.ports.issuers.find(certId));
    return others.every((other) => other === first) ? first : undefined;
  }

  private subjectOf(certId: CertId, authorityId: string): Subject | Promise<Subject> {
    const seat = parseSerialNumber(certId.serialNumber);
    const list = seat && this.ports.view.list(seat.listId);
    // a list means something only under the key that it belongs to, and a seat beyond the last lease is nobody's
    if (!list || list.authorityId !== authorityId || seat.index >= list.leasedTo) return { certId, seat: undefined };
    const toSubject = (issued: boolean): Subject => ({ certId, seat: issued ? seat : undefined });
    const issued = this.ports.issuedSeats.isIssued(seat, list.leasedTo);
    return issued instanceof Promise ? issued.then(toSubject) : toSubject(issued);
  }

  private singleResponse({ certId, seat }: Subject, thisUpdate: number, signerNotAfter: number): OcspSingleResponse {
    // the list may have been retired while the seat was looked up
    const list = seat && this.ports.view.list(seat.listId);
    const certStatus: OcspCertStatus = seat && list ? toCertStatus(list.seats.get(seat.index)) : { status: 'unknown' };
    const life = list ? this.settings.ocspValidity : Math.min(UNKNOWN_LIFE, this.settings.ocspValidity);
    return { certId: certId.der, certStatus, thisUpdate, nextUpdate: Math.min(thisUpdate + life, signerNotAfter) };
  }

  private cacheable(
    der: Uint8Array,
    responses: readonly OcspSingleResponse[],
  ): { answer: OcspAnswer; refreshAt: number } {
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

function isKnown(subject: Subject | Promise<Subject>): subject is Subject {
  return !(subject instanceof Promise);
}

/** Octets of the CertID, as text of one character each; undefined for requests that are answered only once. */
function keptUnder({ requestList, nonce }: OcspRequest): string | undefined {
  const [certId] = requestList;
  if (nonce || !certId || requestList.length > 1) return undefined;
  const { der } = certId;
  return Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString('latin1');
}

function toCertStatus(status: SeatStatus | undefined): OcspCertStatus {
  if (status === undefined || status.value === 0) return { status: 'good' };
  const revocationReason = reasonOfNumber(status.reason);
  return { status: 'revoked', revocationTime: status.revokedAt, ...(revocationReason && { revocationReason }) };
}
