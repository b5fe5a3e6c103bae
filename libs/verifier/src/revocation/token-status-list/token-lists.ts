import { hash } from 'node:crypto';

import { parseSeat, SeatBitmap, SeatValue } from '@touchmark/status-list';

import type { PathCertificate } from '../../path/path-certificate.js';
import type { StatusListToken } from './status-list-token.js';

/** Tokens of one list that are kept beside each other: of the status keys that take turns, and what is signed ahead of time. */
const MAX_TOKENS = 4;

/** What is known of one list. */
interface KnownList {
  /** Newest first. */
  tokens: readonly StatusListToken[];
  /** Seats that any of them, or one before them, called invalid: for ever. */
  readonly invalid: SeatBitmap;
}

/** What is known of who signs: `lost` if its seat is invalid or suspended, by others or by itself. */
export type SignerStanding = 'good' | 'lost' | 'stale' | 'unknown';

/**
 * The lists that tokens told of. No signer's token takes the place of another one's, and whose seat is lost regains it by nothing that
 * its own key signs: the feed has the same rule.
 */
export class TokenLists {
  private readonly lists = new Map<number, KnownList>();
  private readonly maxClockSkew: number;
  /** The latest time that was asked about: what lies ahead of it takes nothing away from what is in force. */
  private askedAt = Number.NEGATIVE_INFINITY;

  /** Seconds. */
  constructor(maxClockSkew: number) {
    this.maxClockSkew = maxClockSkew;
  }

  get size(): number {
    return this.lists.size;
  }

  has(listId: number): boolean {
    return this.lists.has(listId);
  }

  /** UTC seconds. */
  noteTime(at: number): void {
    this.askedAt = Math.max(this.askedAt, at);
  }

  /** False if a newer one by the same signer is in force. */
  put(token: StatusListToken): boolean {
    const list = this.lists.get(token.listId) ?? { tokens: [], invalid: new SeatBitmap() };
    const ofSigner = list.tokens.filter(({ signer }) => isSame(signer, token.signer));
    const inForce = ofSigner.filter((other) => !this.isAhead(other));
    if (inForce.some((other) => !isNewer(token, other))) return false;
    // Of what lies ahead, what comes next and the newest.
    const ahead = [...ofSigner, token].filter((other) => this.isAhead(other)).toSorted(newestFirst);
    const kept = this.isAhead(token) ? inForce : [token];
    const others = list.tokens.filter(({ signer }) => !isSame(signer, token.signer));
    const all = new Set([...others, ...kept, ...ahead.slice(0, 1), ...ahead.slice(1).slice(-1)]);
    list.tokens = this.withinBounds([...all].toSorted(newestFirst));
    for (const { index, value } of token.seats.nonValid()) {
      if (value === SeatValue.invalid) list.invalid.set(index, value);
    }
    this.lists.set(token.listId, list);
    return true;
  }

  isInvalid(listId: number, index: number): boolean {
    return this.lists.get(listId)?.invalid.get(index) === SeatValue.invalid;
  }

  /** The newest of a list that is in force and whose signer has not lost the right; else why there is none. */
  tokenOf(listId: number, at: number): StatusListToken | 'ahead' | 'lost' | undefined {
    let why: 'ahead' | 'lost' | undefined;
    for (const token of this.lists.get(listId)?.tokens ?? []) {
      if (startOf(token) > at + this.maxClockSkew) why ??= 'ahead';
      else if (this.standingOf(token.signer, at) === 'lost') why = 'lost';
      else return token;
    }
    return why;
  }

  isOver({ exp, signer }: StatusListToken, at: number): boolean {
    return at > Math.min(exp, signer.certificate.notAfter) + this.maxClockSkew;
  }

  /**
   * What is known of a signer. A token that speaks of its own signer is enough to make its seat known (only the key's holder and the
   * CA could have made it), but against one by another signer it says nothing.
   */
  standingOf(signer: PathCertificate, at: number): SignerStanding {
    const seat = parseSeat(signer.certificate.serialNumber);
    if (seat === undefined) return 'unknown';
    if (this.isInvalid(seat.listId, seat.index)) return 'lost';
    const tokens = (this.lists.get(seat.listId)?.tokens ?? []).filter(
      (token) =>
        startOf(token) <= at + this.maxClockSkew && seat.index < token.size && !this.hasInvalidSeat(token.signer),
    );
    const [newest] = tokens;
    const byOther = tokens.find((token) => !isSame(token.signer, signer));
    if (newest === undefined) return 'unknown';
    const says = [newest, ...(byOther === undefined ? [] : [byOther])].map(({ seats }) => seats.get(seat.index));
    if (says.some((value) => value !== SeatValue.valid)) return 'lost';
    return this.isOver(newest, at) ? 'stale' : 'good';
  }

  private hasInvalidSeat({ certificate }: PathCertificate): boolean {
    const seat = parseSeat(certificate.serialNumber);
    return seat !== undefined && this.isInvalid(seat.listId, seat.index);
  }

  private isAhead(token: StatusListToken): boolean {
    return this.askedAt > Number.NEGATIVE_INFINITY && startOf(token) > this.askedAt + this.maxClockSkew;
  }

  // First those of who has lost the right, then the oldest.
  private withinBounds(tokens: readonly StatusListToken[]): readonly StatusListToken[] {
    if (tokens.length <= MAX_TOKENS) return tokens;
    const lost = tokens.findLast(({ signer }) => this.hasInvalidSeat(signer));
    const [, ...rest] = tokens.toReversed();
    return lost === undefined ? rest.toReversed() : tokens.filter((token) => token !== lost);
  }
}

function startOf({ iat, signer }: StatusListToken): number {
  return Math.max(iat, signer.certificate.notBefore);
}

/** Of two of one second, the one that withdraws more: seats that came back then come back with the next. */
function isNewer(token: StatusListToken, standing: StatusListToken): boolean {
  if (token.iat !== standing.iat) return token.iat > standing.iat;
  return withdrawn(token) > withdrawn(standing);
}

function withdrawn({ seats }: StatusListToken): number {
  return [...seats.nonValid()].length;
}

function newestFirst(a: StatusListToken, b: StatusListToken): number {
  return b.iat - a.iat;
}

function isSame(a: PathCertificate, b: PathCertificate): boolean {
  return a === b || hashOf(a) === hashOf(b);
}

function hashOf({ certificate }: PathCertificate): string {
  return hash('sha256', certificate.der, 'hex');
}
