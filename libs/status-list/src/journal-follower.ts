import { StatusListError } from './errors.js';
import { FollowedLists, type SeatStanding } from './followed-lists.js';
import { payloadHash } from './hash.js';
import { decodeJournalBatch, type JournalEntry } from './journal-batch.js';
import { decodeJournalHead } from './journal-head.js';
import type { Seat } from './seat.js';
import type { SeatTable } from './seat-table.js';
import type { SeatValue } from './seat-value.js';
import { openSigned, type MessageTypeName, type VerifySignature } from './signed.js';
import { compareOctets } from './octet-writer.js';
import { decodeSnapshot, type Snapshot } from './snapshot.js';

/** How much of the journal is known, and when that was last proven to be all of it. */
export interface JournalPosition {
  readonly epoch: number;
  readonly sequence: number;
  /** UTC seconds, signed: at that time the journal held nothing beyond what is known here. */
  readonly asOf: number;
}

/** What a message brought. After a snapshot any seat may have another value than before. */
export type Applied =
  | { readonly type: 'snapshot' | 'head'; readonly position: JournalPosition }
  | { readonly type: 'batch'; readonly position: JournalPosition; readonly entries: readonly JournalEntry[] };

/** How a seat under an issuing key (SHA-256 of its SubjectPublicKeyInfo) stands. */
export type SeatLookup = (issuerKeyId: Uint8Array, seat: Seat) => SeatStanding;

/** A message that is signed and would be taken: who signed it, when, and what it makes of seats. */
export interface SignedClaim {
  readonly type: MessageTypeName;
  /** SHA-256 of the status key's SubjectPublicKeyInfo. */
  readonly keyId: Uint8Array;
  /** The time in a snapshot or head, UTC seconds; a batch has none. */
  readonly time: number | undefined;
  /** The latest time, UTC seconds, for which anything was proven so far, in whichever epoch; undefined before the first snapshot. */
  readonly provenAt: number | undefined;
  /** Seats as they are known without the message, `retired` if they no longer are; all unknown before the first snapshot. */
  readonly before: SeatLookup;
  /** Seats as they would be with it. */
  readonly after: SeatLookup;
}

export interface JournalFollowerOptions {
  /** Says whether a status key signed; nothing of a message is believed before. */
  readonly verify: VerifySignature;
  /** The last word before a message is taken; whatever it throws refuses the message. */
  readonly admit?: (claim: SignedClaim) => void;
  /** Leased seats of all lists that a snapshot may have. */
  readonly maxSeats?: number;
}

/** What is known. It is replaced or advanced as a whole: a refused message leaves all of it as it was. */
interface Known extends JournalPosition {
  /** The latest `asOf` so far: that of a new epoch may be earlier. */
  readonly provenAt: number;
  readonly batchHash: Uint8Array;
  readonly certificates: readonly Uint8Array[];
  readonly lists: FollowedLists;
}

/**
 * Follows the journal from signed messages in any order and from anybody: it moves forward or not at all. It has no clock;
 * whether `asOf` is too old, or ahead of the caller's own time, is for the caller to judge.
 */
export class JournalFollower {
  readonly #options: JournalFollowerOptions;
  #known: Known | undefined;

  constructor(options: JournalFollowerOptions) {
    this.#options = options;
  }

  /** `undefined` before the first snapshot. */
  get position(): JournalPosition | undefined {
    if (this.#known === undefined) return undefined;
    const { epoch, sequence, asOf } = this.#known;
    return { epoch, sequence, asOf };
  }

  /** Certificates of issuing CAs out of the last snapshot, DER. */
  get certificates(): readonly Uint8Array[] {
    return this.#known?.certificates ?? [];
  }

  /** The seats of an issuing key (SHA-256 of its SubjectPublicKeyInfo). The next snapshot brings another table. */
  table(issuerKeyId: Uint8Array): SeatTable | undefined {
    return this.#known?.lists.table(issuerKeyId);
  }

  /** Value of a seat under the key that verified the certificate; `unknown`, to be refused, for all that is not known. */
  lookup(issuerKeyId: Uint8Array, seat: Seat): SeatValue | 'unknown' {
    return this.#known?.lists.lookup(issuerKeyId, seat) ?? 'unknown';
  }

  readonly #standing: SeatLookup = (issuerKeyId, seat) => this.#known?.lists.standing(issuerKeyId, seat) ?? 'unknown';

  /**
   * Takes a signed snapshot, batch or head. Codes of the message's decoder, SIGNATURE_INVALID, FOREIGN_KEY and:
   *
   * - NO_SNAPSHOT, GAP, EPOCH_AHEAD, BATCH_OVERLAPS: something is missing; the batches after `position`, or a snapshot
   * - ALREADY_APPLIED, STALE_HEAD: nothing new; messages were repeated or overtook one another
   * - EPOCH_BACK, SEQUENCE_BACK: older than what is known
   * - HASH_MISMATCH, SNAPSHOT_CONTRADICTS, BATCH_INCONSISTENT: signed, and yet another history: to be alarmed about
   *
   * What `admit` throws besides. A refused message changes nothing.
   */
  apply(message: Uint8Array): Applied {
    const { type, keyId, payload } = openSigned(message, this.#options.verify);
    switch (type) {
      case 'snapshot':
        return this.#applySnapshot(keyId, payload);
      case 'batch':
        return this.#applyBatch(keyId, payload);
      case 'head':
        return this.#applyHead(keyId, payload);
    }
  }

  /**
   * Whether somebody who knows nothing and takes these messages, a snapshot and batches, knows exactly what is known here, but for
   * the time. Their signers are judged as they come, that of a snapshot also by what is known here. Throws as {@link apply} does.
   */
  isProvenBy(messages: readonly Uint8Array[]): boolean {
    const known = this.#known;
    const { admit } = this.#options;
    if (known === undefined) return false;
    const { provenAt } = known;
    const other = new JournalFollower({
      ...this.#options,
      admit: (claim) => admit?.(claim.type === 'snapshot' ? { ...claim, provenAt, before: this.#standing } : claim),
    });
    for (const message of messages) other.apply(message);
    return other.#known !== undefined && isSame(other.#known, known);
  }

  #applySnapshot(keyId: Uint8Array, payload: Uint8Array): Applied {
    const { maxSeats } = this.#options;
    const snapshot = decodeSnapshot(payload, maxSeats === undefined ? {} : { maxSeats });
    const { epoch, sequence, asOf, batchHash, certificates } = snapshot;
    const known = this.#known;
    if (known !== undefined) checkSnapshotIsNews(snapshot, known);
    const lists = FollowedLists.of(snapshot.lists, known?.lists);
    const after: SeatLookup = (issuerKeyId, seat) => lists.lookup(issuerKeyId, seat);
    const provenAt = Math.max(asOf, known?.provenAt ?? 0);
    const next = { epoch, sequence, asOf, provenAt, batchHash, certificates, lists };
    this.#admit({ type: 'snapshot', keyId, time: asOf, after });
    if (known?.epoch === epoch && contradicts(next, known)) {
      throw new StatusListError('SNAPSHOT_CONTRADICTS', { sequence, known: known.sequence });
    }
    return this.#moved('snapshot', next);
  }

  #applyBatch(keyId: Uint8Array, payload: Uint8Array): Applied {
    const { epoch, first, previousHash, entries } = decodeJournalBatch(payload);
    const known = this.#knownIn(epoch);
    const sequence = first + entries.length - 1;
    if (sequence <= known.sequence) throw new StatusListError('ALREADY_APPLIED', { sequence, known: known.sequence });
    if (first <= known.sequence)
      throw new StatusListError('BATCH_OVERLAPS', { sequence: first, known: known.sequence });
    if (first > known.sequence + 1) throw new StatusListError('GAP', { sequence: first, known: known.sequence });
    checkHash(first, previousHash, known.batchHash);
    const batchHash = payloadHash(payload);
    const after: SeatLookup = (issuerKeyId, seat) => known.lists.lookupAfter(entries, issuerKeyId, seat);
    this.#admit({ type: 'batch', keyId, time: undefined, after });
    known.lists.apply(first, entries);
    return { ...this.#moved('batch', { ...known, sequence, batchHash }), entries };
  }

  #applyHead(keyId: Uint8Array, payload: Uint8Array): Applied {
    const { epoch, sequence, batchHash, time } = decodeJournalHead(payload);
    const known = this.#knownIn(epoch);
    if (sequence > known.sequence) throw new StatusListError('GAP', { sequence, known: known.sequence });
    if (sequence < known.sequence || time < known.asOf) throw new StatusListError('STALE_HEAD', { sequence, time });
    checkHash(sequence, batchHash, known.batchHash);
    this.#admit({ type: 'head', keyId, time, after: this.#standing });
    return this.#moved('head', { ...known, asOf: time, provenAt: Math.max(time, known.provenAt) });
  }

  #admit(claim: Omit<SignedClaim, 'before' | 'provenAt'>): void {
    this.#options.admit?.({ ...claim, before: this.#standing, provenAt: this.#known?.provenAt });
  }

  #knownIn(epoch: number): Known {
    const known = this.#known;
    if (known === undefined) throw new StatusListError('NO_SNAPSHOT', {});
    checkEpochNotBack(epoch, known);
    if (epoch > known.epoch) throw new StatusListError('EPOCH_AHEAD', { epoch, known: known.epoch });
    return known;
  }

  #moved<Type extends MessageTypeName>(type: Type, known: Known): { type: Type; position: JournalPosition } {
    this.#known = known;
    const { epoch, sequence, asOf } = known;
    return { type, position: { epoch, sequence, asOf } };
  }
}

function checkSnapshotIsNews({ epoch, sequence, asOf, batchHash }: Snapshot, known: Known): void {
  checkEpochNotBack(epoch, known);
  if (epoch > known.epoch) return;
  if (sequence < known.sequence) throw new StatusListError('SEQUENCE_BACK', { sequence, known: known.sequence });
  if (sequence > known.sequence) return;
  checkHash(sequence, batchHash, known.batchHash);
  if (asOf <= known.asOf) throw new StatusListError('ALREADY_APPLIED', { sequence, known: known.sequence });
}

/** What is known of one epoch only grows: one position has one content, and there is none behind it before its time. */
function contradicts(next: Known, known: Known): boolean {
  return next.asOf < known.asOf || (next.sequence === known.sequence && !next.lists.equals(known.lists));
}

function isSame(one: Known, other: Known): boolean {
  const samePosition = one.epoch === other.epoch && one.sequence === other.sequence;
  return samePosition && compareOctets(one.batchHash, other.batchHash) === 0 && one.lists.equals(other.lists);
}

function checkEpochNotBack(epoch: number, known: JournalPosition): void {
  if (epoch < known.epoch) throw new StatusListError('EPOCH_BACK', { epoch, known: known.epoch });
}

function checkHash(sequence: number, one: Uint8Array, other: Uint8Array): void {
  if (compareOctets(one, other) !== 0) throw new StatusListError('HASH_MISMATCH', { sequence });
}
