import { encodeOctetString, equalBytes, Oid } from '@touchmark/der';
import {
  type BasicOcspResponse,
  type Extensions,
  type OcspResponse,
  parseCertificate,
  parseOcspResponse,
  X509Error,
} from '@touchmark/x509';

import { Budget } from '../../path/budget.js';
import { PathCertificate } from '../../path/path-certificate.js';
import { ABSENT, type RevocationFinding, unknown } from '../finding.js';
import {
  questionBehind,
  type RevocationQuestion,
  type RevocationSource,
  type StatusQuestion,
} from '../revocation-source.js';
import { sourceOption } from '../source-options.js';
import { type CertIdKey, keyOfCertId, keysOf } from './cert-id-key.js';
import { type OcspAnswer, OcspAnswers } from './ocsp-answers.js';
import { findingAmong, type OcspTimes } from './ocsp-finding.js';
import { type OcspSigner, signerOf } from './ocsp-signer.js';
import type { OcspAdded, OcspRefusal, OcspWhy } from './ocsp-why.js';
import { type PendingResponse, PendingResponses } from './pending-responses.js';

export interface OcspSourceOptions {
  /** Seconds by which the responder's clock may differ from that of `at`; 60 if left out. */
  readonly maxClockSkew?: number;
  /** Seconds after thisUpdate for which a response without nextUpdate counts; 0 if left out: not at all (RFC 9919). */
  readonly maxAgeWithoutNextUpdate?: number;
  /** Refuses a response without nonce where one was asked with; false if left out: then its times decide (RFC 9919). */
  readonly requireNonce?: boolean;
  /** Certificates about which something proven is kept; 10,000 if left out. Those that were asked about go last. */
  readonly maxAnswers?: number;
  /** Octets of responses that are kept unproven; 4 MiB if left out. */
  readonly maxPendingOctets?: number;
}

/** What a client should take from a responder, with room for a delegate and its chain under ML-DSA. */
const MAX_RESPONSE_OCTETS = 65_536;
/** A request of ours asks about one certificate; responders answer for up to some dozens. */
const MAX_SINGLE_RESPONSES = 64;
const MAX_CERTS = 8;
/** Units of signature checks that may go for nothing in one question: forged responses do not use up what a verification may cost. */
const MAX_WASTED_UNITS = 8;
/** Issuers by whom responses are proven when they come. */
const MAX_ISSUERS = 64;

/**
 * Status by OCSP responses (RFC 6960, 9919) that the caller has fetched or that came stapled: hand each in with `add`. The first of an
 * issuer is proven when a certificate that it speaks of is asked about, later ones when they come. What is proven is kept apart from
 * what is not, so nobody who may hand in responses can push out what is known, or change an answer.
 */
export class OcspSource implements RevocationSource {
  readonly kind = 'ocsp';
  private readonly times: OcspTimes;
  private readonly requireNonce: boolean;
  private readonly pending: PendingResponses;
  private readonly answers: OcspAnswers;
  /** Who was asked about as an issuer, by the first part of their CertIDs. */
  private readonly issuers = new Map<string, PathCertificate>();
  private askedAt = Number.NEGATIVE_INFINITY;
  private proven = 0;

  /** Throws TypeError for options that make no sense. */
  constructor(options: OcspSourceOptions = {}) {
    const { maxClockSkew, maxAgeWithoutNextUpdate, requireNonce, maxAnswers, maxPendingOctets } = options;
    this.times = {
      maxClockSkew: sourceOption.number('maxClockSkew', maxClockSkew, 60),
      maxAgeWithoutNextUpdate: sourceOption.number('maxAgeWithoutNextUpdate', maxAgeWithoutNextUpdate, 0),
    };
    this.requireNonce = sourceOption.boolean('requireNonce', requireNonce, false);
    this.pending = new PendingResponses(sourceOption.number('maxPendingOctets', maxPendingOctets, 4_194_304));
    this.answers = new OcspAnswers(sourceOption.number('maxAnswers', maxAnswers, 10_000));
  }

  /** What is proven: responses of which nothing is change nothing. */
  get changes(): number {
    return this.proven;
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
    const flaw = nonce && nonceFlaw(basic.responseExtensions, nonce, this.requireNonce);
    if (flaw !== undefined) return refused(flaw);
    const singles = basic.responses.flatMap((single) => {
      const key = keyOfCertId(single.certId);
      return key === undefined ? [] : [{ key, single }];
    });
    if (singles.length === 0) return refused('OCSP_NOTHING_SAID');
    const taken: PendingResponse = { basic, singles, octets: response.length, refused: new Set<string>() };
    if (!this.isProvenBy(taken)) this.pending.add(taken);
    return { ok: true };
  }

  find(asked: StatusQuestion): RevocationFinding {
    const question = questionBehind(asked);
    const { subject, issuer, at } = question;
    this.askedAt = Math.max(this.askedAt, at);
    const issuerKey = issuer.certificate.subjectPublicKeyInfo;
    let why: OcspWhy | undefined;
    const answers: OcspAnswer[] = [];
    const spent = { units: 0 };
    for (const key of keysOf(subject, issuer)) {
      why = this.prove(key, question, spent) ?? why;
      answers.push(...this.answers.of(key, issuerKey));
    }
    return findingAmong(answers, question, this.times) ?? (why === undefined ? ABSENT : unknown('absent', why));
  }

  /** Looks who signed what has come in about this certificate; says why the last that failed did. */
  private prove(key: CertIdKey, question: RevocationQuestion, spent: { units: number }): OcspWhy | undefined {
    const { issuer } = question;
    let why: OcspWhy | undefined;
    for (const response of this.pending.of(key)) {
      if (spent.units >= MAX_WASTED_UNITS) return why;
      if (this.isAhead(response, key)) {
        why = 'OCSP_NOT_YET_VALID';
        continue;
      }
      const signer = provenSigner(response, issuer) ?? signerOf(response, issuer, question);
      if (signer.authorized) {
        const { delegate } = signer;
        this.remember(key.issuer, issuer);
        if (this.keep(response, { issuer, asked: key, delegate })) this.pending.remove(response);
        else response.proven = { issuerKey: Uint8Array.from(issuer.certificate.subjectPublicKeyInfo), delegate };
        continue;
      }
      spent.units += signer.units;
      // Work that was done in vain is not done again.
      if (signer.final) this.pending.remove(response);
      why = signer.why;
    }
    return why;
  }

  /** Whether one who is known as the issuer of what it speaks of has signed it, or a delegate of theirs that came with it. */
  private isProvenBy(response: PendingResponse): boolean {
    let proven = false;
    for (const name of new Set(response.singles.map(({ key }) => key.issuer))) {
      const issuer = this.issuers.get(name);
      if (issuer === undefined || response.singles.some(({ key }) => this.isAhead(response, key))) continue;
      // A few checks for each issuer that is known: not worth a budget.
      const signer = signerOf(response, issuer, { candidates: [], budget: new Budget() });
      if (!signer.authorized) continue;
      // What found no room waits for who asks about it.
      proven = this.keep(response, { issuer, asked: { issuer: name, serialNumber: '' }, delegate: signer.delegate });
    }
    return proven;
  }

  /** One that lies ahead must not take the place of what is in force: it waits. */
  private isAhead({ basic, singles }: PendingResponse, key: CertIdKey): boolean {
    const latest = this.askedAt + this.times.maxClockSkew;
    return (
      basic.producedAt > latest || singles.some((found) => isSame(found.key, key) && found.single.thisUpdate > latest)
    );
  }

  private remember(name: string, { certificate }: PathCertificate): void {
    if (this.issuers.has(name)) return;
    const [oldest] = this.issuers.keys();
    if (oldest !== undefined && this.issuers.size >= MAX_ISSUERS) this.issuers.delete(oldest);
    // Octets of our own: who presented it may write to theirs.
    const own = parseCertificate(Uint8Array.from(certificate.der), { serialNumbers: 'any' });
    this.issuers.set(name, new PathCertificate(own));
  }

  /** All that a response says of certificates of this issuer: it may speak for no other. False if there was no room for some. */
  private keep(
    { basic: { producedAt }, singles }: PendingResponse,
    {
      issuer,
      asked,
      delegate,
    }: {
      readonly issuer: PathCertificate;
      readonly asked: CertIdKey;
      readonly delegate: OcspAnswer['delegate'];
    },
  ): boolean {
    let hadRoom = true;
    const issuerKey = Uint8Array.from(issuer.certificate.subjectPublicKeyInfo);
    for (const { key, single } of singles) {
      if (key.issuer !== asked.issuer) continue;
      const { certStatus, thisUpdate, nextUpdate } = single;
      const answer = { certStatus, thisUpdate, nextUpdate, producedAt, issuerKey, delegate };
      const put = this.answers.put(key, answer, isSame(key, asked));
      if (put === 'news') this.proven++;
      if (put === 'full') hadRoom = false;
    }
    return hadRoom;
  }
}

function provenSigner({ proven }: PendingResponse, issuer: PathCertificate): OcspSigner | undefined {
  const isTheirs = proven && equalBytes(proven.issuerKey, issuer.certificate.subjectPublicKeyInfo);
  return isTheirs === true ? { authorized: true, delegate: proven?.delegate } : undefined;
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
