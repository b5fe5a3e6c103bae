import { KeyFolder } from '@touchmark/keys';
import type { RandomBytes } from '@touchmark/server';
import { activeAuthorities, type Database, statusLists } from '@touchmark/store';
import { Authorities } from './authorities/authorities.js';
import { createHierarchy } from './authorities/create-hierarchy.js';
import { Ca, type CaSettings } from './ca.js';
import { isLocalUrl } from './local-url.js';

export interface NewHierarchy {
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
  readonly settings: CaSettings;
  readonly now: () => number;
  readonly randomBytes: RandomBytes;
  readonly onError: (error: unknown) => void;
}

const ROOT_CRL_LIFETIME = 2 * 365 * 86_400;

/** Opens the CA over its keys; makes the hierarchy where the database knows none. TypeError where that is not to be. */
export async function openCa(options: OpenCaOptions): Promise<Ca> {
  const { db, statusDb, seatDb, newHierarchy, settings, now, randomBytes, onError } = options;
  if (!settings.evaluation && isLocalUrl(settings.publicHttpUrl)) {
    throw new TypeError('outside evaluation the publication URLs must be reachable by more than this machine');
  }
  if (!newHierarchy && (await activeAuthorities(db)).length === 0) {
    throw new TypeError('the database knows no certification authority: run the command init first');
  }
  const issuingKeys = await KeyFolder.open(options.issuingKeys, randomBytes);
  const records = newHierarchy
    ? await createHierarchy(db, {
        organization: newHierarchy.organization,
        publicHttpUrl: settings.publicHttpUrl,
        now,
        randomBytes,
        issuingKeys,
        openRootKeys: () => KeyFolder.open(newHierarchy.rootKeys, randomBytes),
        rootCrlLifetime: ROOT_CRL_LIFETIME,
      })
    : await activeAuthorities(db);
  if (!settings.evaluation && (await statusLists(db)).some((list) => isLocalUrl(list.crlUri))) {
    throw new TypeError(
      'this hierarchy was made for evaluation, with local publication URLs: begin with an empty database',
    );
  }
  // device keys are checked and certificates signed in libuv's pool, so that both cores work
  const authorities = await Authorities.load(records, (id, spki) => issuingKeys.openSigner(id, spki, 'pool'));
  return new Ca({ db, statusDb, seatDb, authorities, now, randomBytes, onError }, settings);
}
