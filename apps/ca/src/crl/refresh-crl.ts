import {
  appendOutbox,
  type Database,
  journalHead,
  lockCrl,
  revocationsOf,
  saveCrl,
  staleCrlLists,
  statusLists,
} from '@touchmark/store';
import type { SignCrl } from './sign-crl.js';

export interface RefreshCrlOptions {
  readonly now: () => number;
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
      // read the clock and the head before the entries: what commits in between is listed although it need not be (rule 2)
      const thisUpdate = Math.max(this.options.now(), previous.thisUpdate);
      const position = await journalHead(tx);
      const entries = await revocationsOf(tx, listId);
      await saveCrl(tx, await this.signCrl({ list, entries, previous, thisUpdate, position }));
    });
  }

  /** Asks for the CRLs that are due. */
  async enqueueDue(): Promise<number> {
    const { now, refreshAfter, holds } = this.options;
    const due = (await staleCrlLists(this.db, now() - refreshAfter + 1)).filter((list) => holds(list.authorityId));
    await this.db.transaction((tx) =>
      appendOutbox(
        tx,
        due.map(({ listId }) => ({ queue: 'crl', key: `list-${listId}`, payload: { listId } })),
      ),
    );
    return due.length;
  }
}
