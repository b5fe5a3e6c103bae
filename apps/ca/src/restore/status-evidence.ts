import {
  decodeJournalBatch,
  decodeJournalHead,
  decodeSnapshot,
  type JournalBatch,
  openSigned,
  SeatValue,
  type Snapshot,
  StatusListError,
  type VerifySignature,
} from '@touchmark/status-list';
import { RestoreError } from './restore-error.js';

/** What signed messages prove of the seats of one list. */
export interface ListEvidence {
  /** Seats that some message calls invalid: they stay so, whatever is missing between the messages. */
  readonly invalid: Set<number>;
  /** Seats that the last message about them calls suspended. */
  readonly suspended: Set<number>;
}

export interface StatusEvidence {
  /** The latest epoch that is heard of; 0 without messages. */
  readonly epoch: number;
  readonly lists: ReadonlyMap<number, ListEvidence>;
}

interface Said {
  readonly epoch: number;
  readonly sequence: number;
  readonly snapshot?: Snapshot;
  readonly batch?: JournalBatch;
}

/** Gathers what snapshots, batches and heads prove, in any order and with gaps. Code EVIDENCE_REFUSED. */
export function readEvidence(messages: readonly Uint8Array[], verify: VerifySignature): StatusEvidence {
  const said = messages.map((message, place) => {
    try {
      return open(message, verify);
    } catch (cause) {
      if (!(cause instanceof StatusListError)) throw cause;
      throw new RestoreError('EVIDENCE_REFUSED', { place }, { cause });
    }
  });
  const lists = new Map<number, ListEvidence>();
  for (const { snapshot, batch } of said.toSorted((a, b) => a.epoch - b.epoch || a.sequence - b.sequence)) {
    if (snapshot) takeSnapshot(lists, snapshot);
    if (batch) takeBatch(lists, batch);
  }
  return { epoch: Math.max(0, ...said.map(({ epoch }) => epoch)), lists };
}

function open(message: Uint8Array, verify: VerifySignature): Said {
  const { type, payload } = openSigned(message, verify);
  switch (type) {
    case 'snapshot': {
      const snapshot = decodeSnapshot(payload);
      return { epoch: snapshot.epoch, sequence: snapshot.sequence, snapshot };
    }
    case 'batch': {
      const batch = decodeJournalBatch(payload);
      return { epoch: batch.epoch, sequence: batch.first + batch.entries.length - 1, batch };
    }
    case 'head': {
      const { epoch, sequence } = decodeJournalHead(payload);
      return { epoch, sequence };
    }
  }
}

function takeSnapshot(lists: Map<number, ListEvidence>, snapshot: Snapshot): void {
  for (const { listId, seats } of snapshot.lists) {
    const list = listOf(lists, listId);
    list.suspended.clear();
    for (const { index, value } of seats.nonValid()) take(list, index, value);
  }
}

function takeBatch(lists: Map<number, ListEvidence>, { entries }: JournalBatch): void {
  for (const entry of entries) {
    const list = listOf(lists, entry.listId);
    if (entry.kind === 'seats') for (const { index, value } of entry.seats) take(list, index, value);
  }
}

function take(list: ListEvidence, index: number, value: SeatValue): void {
  if (value === SeatValue.suspended) list.suspended.add(index);
  else list.suspended.delete(index);
  if (value === SeatValue.invalid) list.invalid.add(index);
}

function listOf(lists: Map<number, ListEvidence>, listId: number): ListEvidence {
  const list = lists.get(listId) ?? { invalid: new Set(), suspended: new Set() };
  lists.set(listId, list);
  return list;
}
