import { encodeOctetString, equalBytes, Oid } from '@touchmark/der';
import {
  type BasicOcspResponse,
  type Extensions,
  type OcspResponse,
  parseOcspResponse,
  X509Error,
} from '@touchmark/x509';

import type { RevocationFinding } from '../finding.js';
import type { RevocationQuestion, RevocationSource } from '../revocation-source.js';
import { type CertIdKey, keyOfCertId, keysOf } from './cert-id-key.js';
import { type OcspAnswer, OcspAnswers, isBetter } from './ocsp-answers.js';
import { findingOf, unknown } from './ocsp-finding.js';
import { signerOf } from './ocsp-signer.js';
import type { OcspRefusal, OcspWhy } from './ocsp-why.js';
import { type PendingResponse, PendingResponses } from './pending-responses.js';

export interface OcspSourceOptions {
  /** Seconds by which the responder's clock may differ from that of `at`; 60 if left out. */
  readonly maxClockSkew?: number;
  /** Seconds after thisUpdate for which a response without nextUpdate counts; 0 if left out: not at all (RFC 9919). */
  readonly maxAgeWithoutNextUpdate?: number;
  /** Refuses a response without nonce where one was asked with; false if left out: then its times decide (RFC 9919). */
  readonly requireNonce?: boolean;
  /** Certificates about which something proven is kept; 10,000 if left out. */
  readonly maxAnswers?: number;
  /** Octets of responses that are kept until somebody asks; 4 MiB if left out. */
  readonly maxPendingOctets?: number;
}

export type OcspAdded = { readonly ok: true } | { readonly ok: false; readonly why: OcspRefusal };

const DEFAULTS = {
  maxClockSkew: 60,
  maxAgeWithoutNextUpdate: 0,
  requireNonce: false,
  maxAnswers: 10_000,
  maxPendingOctets: 4_194_304,
};
/** What a client should take from a responder, with room for a delegate and its chain under ML-DSA. */
const MAX_RESPONSE_OCTETS = 65_536;
/** A request of ours asks about one certificate; responders answer for up to some dozens. */
const MAX_SINGLE_RESPONSES = 64;
const MAX_CERTS = 8;
const ABSENT: RevocationFinding = { status: 'unknown', because: 'absent' };

/**
 * Status by OCSP responses (RFC 6960, 9919) that the caller has fetched or that came stapled: hand each in with `add`. A response is
 * proven when the first certificate that it speaks of is asked about; those that are proven are kept apart from those that are not, so
 * nobody who may hand in responses can push out what is known.
 */
export class OcspSource implements RevocationSource {
  readonly kind = 'ocsp';
  private readonly options: Required<OcspSourceOptions>;
  private readonly pending: PendingResponses;
  private readonly answers: OcspAnswers;
  private added = 0;

  /** Throws TypeError for numbers that make no sense. */
  constructor(options: OcspSourceOptions = {}) {
    this.options = { ...DEFAULTS, ...options };
    const { maxClockSkew, maxAgeWithoutNextUpdate, maxAnswers, maxPendingOctets } = this.options;
    for (const value of [maxClockSkew, maxAgeWithoutNextUpdate, maxAnswers, maxPendingOctets]) {
      if (!Number.isFinite(value) || value < 0) throw new TypeError('bounds and times must be numbers from 0');
    }
    this.pending = new PendingResponses(maxPendingOctets);
    this.answers = new OcspAnswers(maxAnswers);
  }

  get changes(): number {
    return this.added;
  }

  /**
   * Takes a response, DER. Its signature and times are judged when it is asked for; what is wrong with it whoever signed it is
   * answered here.
   *
   * @param nonce what the request had, if it had one
   */
  add(response: Uint8Array, { nonce }: { readonly nonce?: Uint8Array } = {}): OcspAdded {
    if (response.length > MAX_RESPONSE_OCTETS) return refused('OCSP_TOO_LARGE');
    const parsed = parsedOrNothing(Uint8Array.from(response));
    if (parsed === undefined) return refused('OCSP_MALFORMED');
    if (parsed.responseStatus !== 'successful') return refused(parsed.responseStatus);
    const { basic } = parsed;
    if (basic.responses.length > MAX_SINGLE_RESPONSES || basic.certs.length > MAX_CERTS)
      return refused('OCSP_TOO_LARGE');
    if (hasCritical(basic)) return refused('OCSP_CRITICAL_EXTENSION');
    const flaw = nonce && nonceFlaw(basic.responseExtensions, nonce, this.options.requireNonce);
    if (flaw !== undefined) return refused(flaw);
    const singles = basic.responses.flatMap((single) => {
      const key = keyOfCertId(single.certId);
      return key === undefined ? [] : [{ key, single }];
    });
    if (singles.length === 0) return refused('OCSP_NOTHING_SAID');
    if (this.pending.add({ basic, singles, octets: response.length })) this.added++;
    return { ok: true };
  }

  find(question: RevocationQuestion): RevocationFinding {
    const { subject, issuer } = question;
    let why: OcspWhy | undefined;
    let best: OcspAnswer | undefined;
    for (const key of keysOf(subject, issuer)) {
      why = this.prove(key, question) ?? why;
      const answer = this.answers.get(key, issuer);
      if (answer !== undefined && (best === undefined || isBetter(answer, best))) best = answer;
    }
    if (best !== undefined) return findingOf(best, question, this.options);
    return why === undefined ? ABSENT : unknown('unusable', why);
  }

  /** Looks who signed what has come in about this certificate; says why the last that failed did. */
  private prove(key: CertIdKey, question: RevocationQuestion): OcspWhy | undefined {
    let why: OcspWhy | undefined;
    for (const response of this.pending.of(key)) {
      if (!this.mayMatter(response, key, question)) {
        this.pending.remove(response);
        continue;
      }
      const signer = signerOf(response.basic, question.issuer, question);
      if (signer.authorized) {
        this.pending.remove(response);
        this.keep(response, key, question, signer.delegate);
        continue;
      }
      // Work that was done in vain is not done again.
      if (signer.final) this.pending.remove(response);
      why = signer.why;
    }
    return why;
  }

  private mayMatter({ singles }: PendingResponse, key: CertIdKey, { issuer }: RevocationQuestion): boolean {
    const standing = this.answers.get(key, issuer);
    return (
      standing === undefined || singles.some((found) => isSame(found.key, key) && isBetter(found.single, standing))
    );
  }

  /** All that a response says of certificates of this issuer: it may speak for no other. */
  private keep(
    { basic: { producedAt }, singles }: PendingResponse,
    asked: CertIdKey,
    { issuer }: RevocationQuestion,
    delegate: OcspAnswer['delegate'],
  ): void {
    const issuerKey = issuer.certificate.subjectPublicKeyInfo;
    for (const { key, single } of singles) {
      if (key.issuer !== asked.issuer) continue;
      const { certStatus, thisUpdate, nextUpdate } = single;
      this.answers.put(key, { certStatus, thisUpdate, nextUpdate, producedAt, issuerKey, delegate });
    }
  }
}

function refused(why: OcspRefusal): OcspAdded {
  return { ok: false, why };
}

function parsedOrNothing(der: Uint8Array): OcspResponse | undefined {
  try {
    return parseOcspResponse(der);
  } catch (error) {
    if (error instanceof X509Error) return undefined;
    throw error;
  }
}

function hasCritical({ responseExtensions, responses }: BasicOcspResponse): boolean {
  const ofResponse = [...responseExtensions].filter(([oid]) => oid !== Oid.ocspNonce);
  const ofSingles = responses.flatMap(({ singleExtensions }) => [...singleExtensions]);
  return [...ofResponse, ...ofSingles].some(([, { critical }]) => critical);
}

// Old responders put the bare octets into extnValue.
function nonceFlaw(extensions: Extensions, nonce: Uint8Array, required: boolean): OcspRefusal | undefined {
  const value = extensions.get(Oid.ocspNonce)?.value;
  if (value === undefined) return required ? 'OCSP_NONCE_MISSING' : undefined;
  return equalBytes(value, encodeOctetString(nonce)) || equalBytes(value, nonce) ? undefined : 'OCSP_NONCE_DIFFERS';
}

function isSame(a: CertIdKey, b: CertIdKey): boolean {
  return a.issuer === b.issuer && a.serialNumber === b.serialNumber;
}
