import type { JournalPosition } from '@touchmark/ca-port';
import type { JournalProof, PublishedChange, PublishedList, PublishedStatus, StatusSnapshot } from '@touchmark/store';

/**
 * The status of a seat that is not valid, or that became valid again (`value` 0). A new object with every change, so that
 * who holds one finds out by identity whether it is still the latest.
 */
export type SeatStatus = PublishedStatus | { readonly value: 0 };

/** `undefined` status: the seat never was anything but valid, as far as this view goes back. */
export interface ListStatus {
  readonly authorityId: string;
  leasedTo: number;
  readonly seats: Map<number, SeatStatus>;
}

/** A change does not follow on what the view knows; it must be loaded anew. */
export class JournalGapError extends Error {
  readonly code = 'JOURNAL_GAP';
}

/**
 * What the responder knows of all seats at one position of the journal, and since when it knows that this is all there is.
 * Filled by the journal follower alone.
 */
export class StatusView {
  private lists = new Map<number, ListStatus>();
  private proven: JournalProof | undefined;
  private provenByOurClock = Number.NEGATIVE_INFINITY;
  private seatsGrown = 0;

  get position(): JournalPosition | undefined {
    return this.proven?.position;
  }

  /** UTC seconds of the last proof, for thisUpdate and producedAt (rule 2); undefined before the first. */
  get provenAt(): number | undefined {
    return this.proven?.provenAt;
  }

  /** UTC seconds by our own clock at which the last proof was asked for: its age does not depend on two clocks agreeing. */
  get askedAt(): number {
    return this.provenByOurClock;
  }

  /** Whether the last proof is young enough; one from the future is of no known age, for the clock was set back since. */
  isProven(now: number, allowedLag: number): boolean {
    return Math.abs(now - this.provenByOurClock) <= allowedLag;
  }

  /** Grows whenever seats come into being that the view did not know: what was unknown before may exist now. */
  get growth(): number {
    return this.seatsGrown;
  }

  list(listId: number): ListStatus | undefined {
    return this.lists.get(listId);
  }

  status(listId: number, index: number): SeatStatus | undefined {
    return this.lists.get(listId)?.seats.get(index);
  }

  /** Replaces everything. Statuses are new objects, so answers made before no longer match, also those about valid seats. */
  load(snapshot: StatusSnapshot, askedAt: number): void {
    const lists = new Map<number, ListStatus>();
    for (const list of snapshot.lists) {
      const seats = new Map<number, SeatStatus>();
      for (const { index, status } of snapshot.revocations.get(list.id) ?? []) if (status) seats.set(index, status);
      lists.set(list.id, { authorityId: list.authorityId, leasedTo: list.leasedTo, seats });
    }
    this.lists = lists;
    this.seatsGrown++;
    this.prove(snapshot, askedAt);
  }

  /** Takes what came after the view's position. Throws JournalGapError, having changed nothing, where entries are missing. */
  apply(read: JournalProof & { readonly changes: readonly PublishedChange[] }, askedAt: number): void {
    const from = this.position;
    if (!from || from.epoch !== read.position.epoch) throw new JournalGapError('another epoch');
    const followsOn = read.changes.every((change, i) => change.sequence === from.sequence + i + 1);
    if (!followsOn || from.sequence + read.changes.length !== read.position.sequence)
      throw new JournalGapError('entries are missing');
    for (const change of read.changes) this.applyOne(change);
    this.prove(read, askedAt);
  }

  private applyOne(change: PublishedChange): void {
    switch (change.kind) {
      case 'list-opened':
        this.open(change.list);
        return;
      case 'block-leased':
        this.known(change.listId).leasedTo = change.leasedTo;
        this.seatsGrown++;
        return;
      case 'seats': {
        const { seats } = this.known(change.listId);
        for (const { index, status } of change.seats) seats.set(index, status ?? { value: 0 });
        return;
      }
      case 'list-retired':
        this.lists.delete(change.listId);
        return;
      case 'list-sealed':
        return;
    }
  }

  private open({ id, authorityId, leasedTo }: PublishedList): void {
    this.lists.set(id, { authorityId, leasedTo, seats: new Map() });
    this.seatsGrown++;
  }

  private known(listId: number): ListStatus {
    const list = this.lists.get(listId);
    if (!list) throw new JournalGapError(`list ${listId} was never opened`);
    return list;
  }

  private prove({ position, provenAt }: JournalProof, askedAt: number): void {
    this.proven = { position, provenAt };
    this.provenByOurClock = askedAt;
  }
}
