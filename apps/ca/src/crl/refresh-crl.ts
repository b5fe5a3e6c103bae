import {
  crlListsBehind,
  type Database,
  journalHead,
  listsWantingTokens,
  lockCrl,
  type Queryable,
  revocationsOf,
  saveCrl,
  saveStatusToken,
  staleCrlLists,
  statusLists,
  type Transaction,
} from '@touchmark/store';
import type { CaClock } from '../ca-clock.js';
import { CaError } from '../ca-error.js';
import type { SignStatusToken } from '../status-publication/sign-status-token.js';
import type { SignCrl } from './sign-crl.js';

export interface RefreshCrlOptions {
  readonly clock: CaClock;
  /** Seconds after which a list's CRL is made anew although nothing changed. */
  readonly refreshAfter: number;
  /** Whether this process can sign for the authority: the root's CRL is renewed by a ceremony. */
  readonly holds: (authorityId: string) => boolean;
  readonly signToken: SignStatusToken;
  /** Whether there is a key for status tokens: without one, none is asked for. */
  readonly hasStatusKey: () => boolean;
}

/** Makes the CRL of a list anew, and its Status List Token with it: by a job after a change, and hourly without one. */
export class RefreshCrl {
  private readonly db: Database;
  private readonly signCrl: SignCrl;
  private readonly options: RefreshCrlOptions;

  constructor(db: Database, signCrl: SignCrl, options: RefreshCrlOptions) {
    this.db = db;
    this.signCrl = signCrl;
    this.options = options;
  }

  /** Makes and stores the list's next CRL and token; a list that is gone needs none. */
  async run(listId: number): Promise<void> {
    await this.make(listId);
  }

  /** `wanted` is asked once nobody else makes a CRL of the list. */
  private async make(listId: number, wanted?: (tx: Transaction) => Promise<boolean>): Promise<void> {
    const { clock, holds, signToken } = this.options;
    await this.db.transaction(async (tx) => {
      const previous = await lockCrl(tx, listId);
      if (wanted && !(await wanted(tx))) return;
      const list = (await statusLists(tx)).find((l) => l.id === listId);
      if (!list || !previous) return;
      // The clock and the head are read before the entries: what commits in between is listed although it need not be (rule 2).
      // A thisUpdate ahead of the database's clock would vouch for changes that are still to come.
      const thisUpdate = await clock.forStatus(tx);
      if (thisUpdate < previous.thisUpdate) throw new CaError('CLOCK_UNTRUSTED');
      const position = await journalHead(tx);
      const entries = await revocationsOf(tx, listId);
      if (holds(list.authorityId))
        await saveCrl(tx, await this.signCrl({ list, entries, previous, thisUpdate, position }));
      const token = await signToken({ list, entries, iat: thisUpdate, position });
      if (token) await saveStatusToken(tx, token);
    });
  }

  /**
   * Makes every CRL that lacks a change, and every token that is missing, without the queue: a job that ran when its process was
   * killed keeps the ones after it waiting until the queue is sure that it is dead.
   */
  async catchUp(): Promise<number> {
    const behind = await this.listsOf(this.db, await crlListsBehind(this.db));
    for (const listId of behind) await this.run(listId);
    return behind.size;
  }

  /**
   * Makes the CRLs and tokens that are due: by their age, because a change came whose job was lost, or because the key of the token was
   * revoked. One that cannot be made keeps the others from nothing; then this rejects with the last reason.
   */
  async makeDue(): Promise<number> {
    const due = await this.dueLists(this.db);
    const failures: unknown[] = [];
    for (const listId of due) {
      try {
        // another process may have been faster
        await this.make(listId, async (tx) => (await this.dueLists(tx)).has(listId));
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures.at(-1);
    return due.size;
  }

  private async dueLists(db: Queryable): Promise<Set<number>> {
    const old = await staleCrlLists(db, this.staleBefore());
    return this.listsOf(db, [...old, ...(await crlListsBehind(db))]);
  }

  /** Those of the lists whose CRL this process can make, and those that want a token, if it can make one. */
  private async listsOf(
    db: Queryable,
    lists: readonly { listId: number; authorityId: string }[],
  ): Promise<Set<number>> {
    const { holds, hasStatusKey } = this.options;
    const ours = lists.filter(({ authorityId }) => holds(authorityId)).map(({ listId }) => listId);
    return new Set([...ours, ...(hasStatusKey() ? await listsWantingTokens(db, this.staleBefore()) : [])]);
  }

  private staleBefore(): number {
    return this.options.clock.now() - this.options.refreshAfter + 1;
  }
}
