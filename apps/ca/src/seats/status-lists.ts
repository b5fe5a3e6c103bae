import { bucketEnd, bucketOf, LIST_SIZE, NO_WELL_DEFINED_EXPIRATION } from '@touchmark/status-list';
import {
  appendJournal,
  type Database,
  insertStatusList,
  journalHead,
  leaseBlock,
  lockListOpening,
  nextStatusListId,
  openStatusLists,
  saveCrl,
  saveStatusToken,
  sealStatusList,
  type StatusListRecord,
  statusLists,
} from '@touchmark/store';
import { CaError } from '../ca-error.js';
import type { SignCrl } from '../crl/sign-crl.js';
import type { SignStatusToken } from '../status-publication/sign-status-token.js';
import { publicationUrls } from './publication-urls.js';
import type { LeasedBlock } from './seat-supply.js';

/** Seats leased beyond which a second list is opened beside this one. */
const NEARLY_FULL = LIST_SIZE * 0.75;

export interface ListOptions {
  /** Base of the publication URLs, without a slash at its end; burnt into each list when it opens. */
  readonly publicHttpUrl: string;
  /** Whether the key of an authority is at hand. */
  readonly holds: (authorityId: string) => boolean;
  readonly blockSize: number;
  readonly signToken: SignStatusToken;
  readonly now: () => number;
}

/** Opens status lists, each with its partition, its empty CRL and token and its journal entry in one commit, and leases their blocks. */
export class StatusLists {
  private readonly db: Database;
  private readonly signCrl: SignCrl;
  private readonly options: ListOptions;

  constructor(db: Database, signCrl: SignCrl, options: ListOptions) {
    this.db = db;
    this.signCrl = signCrl;
    this.options = options;
  }

  /** Leases a block by a transaction that commits before the first of its seats is used. */
  async lease(authorityId: string, bucket: string): Promise<LeasedBlock> {
    const { blockSize, now } = this.options;
    for (;;) {
      const list = await this.openListFor(authorityId, bucket);
      const block = await this.db.transaction(async (tx) => {
        const leased = await leaseBlock(tx, list.id, blockSize, now());
        if (!leased) {
          if (await sealStatusList(tx, list.id)) await appendJournal(tx, [{ kind: 'list-sealed', listId: list.id }]);
          return undefined;
        }
        if (leased.clockBehind) throw new CaError('CLOCK_UNTRUSTED');
        await appendJournal(tx, [{ kind: 'block-leased', listId: list.id, leasedTo: leased.to }]);
        return leased;
      });
      if (block) return { list, from: block.from, to: block.to };
    }
  }

  /**
   * Opens what will be needed soon, so that no relying party ever meets a list that it has not heard of: the next bucket after
   * each one in use, and a second list where one is three quarters full.
   */
  async openAhead(): Promise<number> {
    const lists = await statusLists(this.db);
    const hasRoom = (authorityId: string, bucket: string): boolean =>
      lists.some(
        (l) => l.authorityId === authorityId && l.bucket === bucket && l.state === 'open' && l.leasedTo <= NEARLY_FULL,
      );
    const wanted = new Map<string, { authorityId: string; bucket: string }>();
    for (const list of lists) {
      // the root's list is sealed by a restore, and its key is elsewhere
      if (list.leasedTo === 0 || !this.options.holds(list.authorityId)) continue;
      const next = nextBucket(list.bucket);
      const current = list.notAfter >= this.options.now() ? list.bucket : undefined;
      for (const bucket of [current, next])
        if (bucket !== undefined && !hasRoom(list.authorityId, bucket))
          wanted.set(`${list.authorityId} ${bucket}`, { authorityId: list.authorityId, bucket });
    }
    for (const { authorityId, bucket } of wanted.values()) await this.open(authorityId, bucket);
    return wanted.size;
  }

  private async openListFor(authorityId: string, bucket: string): Promise<StatusListRecord> {
    const [fullest] = await openStatusLists(this.db, authorityId, bucket);
    return fullest ?? (await this.open(authorityId, bucket));
  }

  private async open(authorityId: string, bucket: string): Promise<StatusListRecord> {
    const { publicHttpUrl, signToken, now } = this.options;
    return this.db.transaction(async (tx) => {
      await lockListOpening(tx, authorityId);
      const [already] = (await openStatusLists(tx, authorityId, bucket)).filter((l) => l.leasedTo <= NEARLY_FULL);
      if (already) return already;
      const id = await nextStatusListId(tx);
      const end = bucketEnd(bucket);
      const list = {
        id,
        authorityId,
        bucket,
        notAfter: end === undefined ? NO_WELL_DEFINED_EXPIRATION : end - 1,
        ...publicationUrls(publicHttpUrl, id, authorityId),
        openedAt: now(),
      };
      await insertStatusList(tx, list);
      const at = now();
      const position = await journalHead(tx);
      await saveCrl(tx, await this.signCrl({ list, entries: [], previous: undefined, thisUpdate: at, position }));
      const opened = { ...list, leasedTo: 0, state: 'open' } as const;
      const token = await signToken({ list: opened, entries: [], iat: at, position });
      if (token) await saveStatusToken(tx, token);
      await appendJournal(tx, [{ kind: 'list-opened', listId: id }]);
      return opened;
    });
  }
}

const DAY = 86_400;

/** The bucket after this one, of the same granularity; none after `never`. */
function nextBucket(bucket: string): string | undefined {
  const end = bucketEnd(bucket);
  if (end === undefined) return undefined;
  const lifetime = bucket.includes('W') ? 50 * DAY : bucket.length === 10 ? DAY : 200 * DAY;
  return bucketOf(end - lifetime, end);
}
