import { KeyFolder } from '@touchmark/keys';
import { type RandomBytes, UsageError } from '@touchmark/server';
import { activeAuthorities, type Database, type HierarchyTerms } from '@touchmark/store';
import { Authorities } from './authorities/authorities.js';
import { createHierarchy } from './authorities/create-hierarchy.js';
import { Ca, type CaTuning } from './ca.js';
import { type GivenTerms, keepTerms, termsInForce } from './hierarchy-terms.js';
import { isLocalUrl } from './local-url.js';

/** What a CA is told at its start: of its hierarchy, only what shall be checked. */
export type OpenCaSettings = CaTuning & GivenTerms;

export interface NewHierarchy extends HierarchyTerms {
  /** Folder for the root's key, which may be taken away afterwards. */
  readonly rootKeys: string;
  readonly organization: string;
}

export interface OpenCaOptions {
  /** Pools of connections: issuing, status changes, leases of seats. */
  readonly db: Database;
  readonly statusDb: Database;
  readonly seatDb: Database;
  /** Folder of the issuing keys. */
  readonly issuingKeys: string;
  /** For who may make a hierarchy where there is none; without it there must be one. */
  readonly newHierarchy?: NewHierarchy;
  readonly settings: OpenCaSettings;
  readonly now: () => number;
  readonly randomBytes: RandomBytes;
  readonly onError: (error: unknown) => void;
}

const ROOT_CRL_LIFETIME = 2 * 365 * 86_400;

/** Opens the CA over its keys; makes the hierarchy where the database knows none. UsageError where that is not to be. */
export async function openCa(options: OpenCaOptions): Promise<Ca> {
  const { db, statusDb, seatDb, newHierarchy, settings, now, randomBytes, onError } = options;
  const known = await activeAuthorities(db);
  if (!newHierarchy && known.length === 0)
    throw new UsageError('the database knows no certification authority: run the command init first');
  if (newHierarchy && !newHierarchy.evaluation && isLocalUrl(newHierarchy.publicHttpUrl))
    throw new UsageError('outside evaluation the publication URLs must be reachable by more than this machine');
  const issuingKeys = await KeyFolder.open(options.issuingKeys, randomBytes);
  const records = newHierarchy
    ? await createHierarchy(db, {
        organization: newHierarchy.organization,
        publicHttpUrl: newHierarchy.publicHttpUrl,
        now,
        randomBytes,
        issuingKeys,
        openRootKeys: () => KeyFolder.open(newHierarchy.rootKeys, randomBytes),
        rootCrlLifetime: ROOT_CRL_LIFETIME,
      })
    : known;
  const terms = newHierarchy ? await keepTerms(db, newHierarchy) : await termsInForce(db, settings);
  // device keys are checked and certificates signed in libuv's pool, so that both cores work
  const authorities = await Authorities.load(records, (id, spki) => issuingKeys.openSigner(id, spki, 'pool'));
  return new Ca({ db, statusDb, seatDb, authorities, now, randomBytes, onError }, { ...settings, ...terms });
}
