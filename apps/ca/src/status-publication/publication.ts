import { encodeJournalHead } from '@touchmark/status-list';
import {
  type Database,
  lockPublication,
  readPublication,
  retryConflicts,
  saveStatusHead,
  type Transaction,
} from '@touchmark/store';
import { CaError } from '../ca-error.js';
import { type ChainEnd, chainStart, continueChain } from './journal-chain.js';
import type { StatusKey, StatusSigner } from './status-key.js';

export interface PublicationPorts {
  readonly db: Database;
  readonly key: StatusKey;
  /** UTC seconds. */
  readonly now: () => number;
  /** Seconds after which a head is signed anew although the journal did not grow. */
  readonly headEvery: number;
  /** Hears that the key was revoked and has a successor. */
  readonly onReplaced?: () => void;
}

/** One moment of the database, published up to its journal's head. */
export interface Moment {
  readonly tx: Transaction;
  readonly signer: StatusSigner;
  /** UTC seconds: then, the journal held nothing beyond `end`. */
  readonly time: number;
  readonly end: ChainEnd;
}

/** What is published after a round. */
export interface Published {
  readonly epoch: number;
  readonly sequence: number;
  /** UTC seconds at which this was last proven to be all. */
  readonly time: number;
  readonly signer: StatusSigner;
  /** The epoch's newest snapshot before this round. */
  readonly snapshot: { readonly sequence: number; readonly asOf: number } | undefined;
}

/**
 * One transaction of a publisher: everything that the journal holds at one moment goes out in signed batches, then a head that
 * says so. Publishers of all replicas take turns, so there is one chain; a crash at any point leaves all of it or nothing.
 * `more` publishes what else is true of that moment. CLOCK_UNTRUSTED after the batches, where the clock is behind the last head:
 * they are news whatever the time is, but no time can be vouched for.
 */
export async function publishMoment(
  ports: PublicationPorts,
  more?: (moment: Moment) => Promise<void>,
): Promise<Published> {
  for (;;) {
    const signer = await ports.key.current();
    const published = await retryConflicts(() => oneMoment(ports, signer, more));
    if (published === 'signer-revoked') {
      await ports.key.replace();
      ports.onReplaced?.();
    } else if (published === 'clock-behind') throw new CaError('CLOCK_UNTRUSTED');
    else return published;
  }
}

async function oneMoment(
  { db, now, headEvery }: PublicationPorts,
  signer: StatusSigner,
  more?: (moment: Moment) => Promise<void>,
): Promise<Published | 'signer-revoked' | 'clock-behind'> {
  // our clock before the database's: both are read before the moment that they vouch for
  const askedAt = now();
  return db.transaction(async (tx) => {
    await lockPublication(tx);
    const state = await readPublication(tx, signer.seat);
    if (state.signerRevoked) return 'signer-revoked';
    const { journal, batch, head, snapshot } = state;
    const from = batch ? { epoch: journal.epoch, sequence: batch.last, hash: batch.hash } : chainStart(journal.epoch);
    if (from.sequence > journal.sequence) throw new TypeError('the journal is behind what was published of it');
    const time = Math.min(askedAt, state.provenAt);
    const end = await continueChain(tx, from, journal.sequence, signer, time);
    const last = head?.epoch === end.epoch ? head : undefined;
    if (last && time < last.time) return 'clock-behind';
    const { epoch, sequence, hash: batchHash } = end;
    // with a snapshot always, so that no snapshot is younger than the head that follows it
    if (!last || last.sequence !== sequence || more || time - last.time >= headEvery) {
      const message = await signer.sign('head', encodeJournalHead({ epoch, sequence, batchHash, time }));
      await saveStatusHead(tx, { epoch, sequence, time, message });
    }
    await more?.({ tx, signer, time, end });
    return { epoch, sequence, time, signer, snapshot };
  });
}
