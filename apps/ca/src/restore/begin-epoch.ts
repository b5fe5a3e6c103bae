import { parseSeat } from '@touchmark/status-list';
import {
  appendJournal,
  appendOutbox,
  type Database,
  enterEpoch,
  journalHead,
  lockOutServing,
  lockPublication,
  passStatusListIds,
  retryConflicts,
  revocationsOf,
  sealOpenLists,
  statusLists,
  statusSignerCertificates,
} from '@touchmark/store';
import type { CaClock } from '../ca-clock.js';
import { evidenceVerifier } from './evidence-signers.js';
import { type Reapplied, reapplyEvidence } from './reapply-evidence.js';
import { RestoreError } from './restore-error.js';
import { readEvidence } from './status-evidence.js';

export interface EpochRequest {
  /** At least one more than any epoch that a follower may have seen; by default one more than is known here and from the messages. */
  readonly epoch?: number | undefined;
  /** Certificates of status keys, DER, besides those on record: what `/status/signers` answered, or a gateway has kept. */
  readonly signers: readonly Uint8Array[];
  /** Signed status messages from after the backup, in any order: a gateway's cache, or snapshots that were downloaded. */
  readonly messages: readonly Uint8Array[];
}

export interface EpochBegun extends Reapplied {
  readonly epoch: number;
  readonly listsSealed: number;
}

export interface BeginEpochPorts {
  readonly db: Database;
  readonly clock: CaClock;
  readonly realm: string;
  /** Certificates of our infrastructure CA, DER. */
  readonly infrastructure: readonly Uint8Array[];
  /** Makes and stores the next CRL and token of a list. */
  readonly refreshCrl: (listId: number) => Promise<void>;
  /** Publishes a snapshot of the journal's epoch. */
  readonly publishSnapshot: () => Promise<unknown>;
}

/** Ids of lists that may have been opened after the backup: no list opened from now on has one of them. */
const LISTS_LOST = 4096;

/**
 * What a restored database needs before anything serves from it (rule 9). In one transaction: what the messages prove is written
 * down, open lists are sealed, for nobody knows which of their seats were given, and the journal begins anew in a higher epoch.
 * Then CRLs and a snapshot are made; a crash before the end leaves the rest to the next start. A CA that serves is noticed: SERVICE_RUNS.
 */
export class BeginEpoch {
  private readonly ports: BeginEpochPorts;

  constructor(ports: BeginEpochPorts) {
    this.ports = ports;
  }

  /** RestoreError: nothing was changed. */
  async run({ epoch, signers, messages }: EpochRequest): Promise<EpochBegun> {
    const { db, clock, realm, infrastructure, refreshCrl, publishSnapshot } = this.ports;
    const revoked = await revokedAmong(db);
    const known = [...signers, ...(await statusSignerCertificates(db))];
    const verify = evidenceVerifier(known, { infrastructure, realm, at: clock.now(), isRevoked: revoked });
    const evidence = readEvidence(messages, verify);
    const begun = await retryConflicts(() =>
      db.transaction(async (tx) => {
        await lockPublication(tx);
        if (!(await lockOutServing(tx))) throw new RestoreError('SERVICE_RUNS', {});
        const latest = Math.max((await journalHead(tx)).epoch, evidence.epoch);
        const next = epoch ?? latest + 1;
        if (next <= latest) throw new RestoreError('EPOCH_NOT_HIGHER', { epoch: next, known: latest });
        const now = await clock.forStatus(tx);
        const lists = await statusLists(tx);
        const { entries, ...reapplied } = await reapplyEvidence(tx, evidence, lists, now);
        const sealed = await sealOpenLists(tx);
        await passStatusListIds(tx, Math.max(0, ...evidence.lists.keys()), LISTS_LOST);
        await appendOutbox(
          tx,
          lists.map(({ id }) => ({ queue: 'crl', key: `list-${id}`, payload: { listId: id } })),
        );
        await enterEpoch(tx, next);
        const news = [...entries, ...sealed.map((listId) => ({ kind: 'list-sealed', listId }) as const)];
        if (news.length > 0) await appendJournal(tx, news);
        return { epoch: next, listsSealed: sealed.length, ...reapplied };
      }),
    );
    // the snapshot first: gateways are who waits
    await publishSnapshot();
    for (const { id } of await statusLists(db)) await refreshCrl(id);
    return begun;
  }
}

/** Which serial numbers the restored database knows as not valid. */
async function revokedAmong(db: Database): Promise<(serialNumber: Uint8Array) => boolean> {
  const seats = new Set<string>();
  for (const { id } of await statusLists(db))
    for (const { index } of await revocationsOf(db, id)) seats.add(`${id}.${index}`);
  return (serialNumber) => {
    const seat = parseSeat(serialNumber);
    return seat !== undefined && seats.has(`${seat.listId}.${seat.index}`);
  };
}
