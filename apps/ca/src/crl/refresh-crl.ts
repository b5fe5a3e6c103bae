import {
  appendOutbox,
  crlListsBehind,
  type Database,
  journalHead,
  lockCrl,
  revocationsOf,
  saveCrl,
  staleCrlLists,
  statusLists,
} from '@touchmark/store';
import type { CaClock } from '../ca-clock.js';
import { CaError } from '../ca-error.js';
import type { SignCrl } from './sign-crl.js';

export interface RefreshCrlOptions {
  readonly clock: CaClock;
  /** Seconds after which a list's CRL is made anew although nothing changed. */
  readonly refreshAfter: number;
  /** Whether this process can sign for the authority: the root's CRL is renewed by a ceremony. */
  readonly holds: (authorityId: string) => boolean;
}

/** Makes the CRL of a list anew: by a job after a change, and hourly without one. */
export class RefreshCrl {
  private readonly db: Database;
  private readonly signCrl: SignCrl;
  private readonly options: RefreshCrlOptions;

  constructor(db: Database, signCrl: SignCrl, options: RefreshCrlOptions) {
    this.db = db;
    this.signCrl = signCrl;
    this.options = options;
  }

  /** Makes and stores the list's next CRL; a list that is gone needs none. */
  async run(listId: number): Promise<void> {
    await this.db.transaction(async (tx) => {
      const previous = await lockCrl(tx, listId);
      const list = (await statusLists(tx)).find((l) => l.id === listId);
      if (!list || !previous) return;
      // The clock and the head are read before the entries: what commits in between is listed although it need not be (rule 2).
      // A thisUpdate ahead of the database's clock would vouch for changes that are still to come.
      const thisUpdate = await this.options.clock.forStatus(tx);
      if (thisUpdate < previous.thisUpdate) throw new CaError('CLOCK_UNTRUSTED');
      const position = await journalHead(tx);
      const entries = await revocationsOf(tx, listId);
      await saveCrl(tx, await this.signCrl({ list, entries, previous, thisUpdate, position }));
    });
  }

  /**
   * Makes every CRL that lacks a change, without the queue: a job that ran when its process was killed keeps the ones after it
   * waiting until the queue is sure that it is dead.
   */
  async catchUp(): Promise<number> {
    const behind = (await crlListsBehind(this.db)).filter((list) => this.options.holds(list.authorityId));
    for (const { listId } of behind) await this.run(listId);
    return behind.length;
  }

  /** Asks for the CRLs that are due: by their age, or because a change came whose job was lost. */
  async enqueueDue(): Promise<number> {
    const { clock, refreshAfter, holds } = this.options;
    const old = await staleCrlLists(this.db, clock.now() - refreshAfter + 1);
    const lists = [...old, ...(await crlListsBehind(this.db))].filter(({ authorityId }) => holds(authorityId));
    const due = new Set(lists.map(({ listId }) => listId));
    await this.db.transaction((tx) =>
      appendOutbox(
        tx,
        Array.from(due, (listId) => ({ queue: 'crl', key: `list-${listId}`, payload: { listId } })),
      ),
    );
    return due.size;
  }
}
