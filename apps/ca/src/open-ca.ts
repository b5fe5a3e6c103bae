import path from 'node:path';
import { KeyFolder } from '@touchmark/keys';
import type { RandomBytes } from '@touchmark/server';
import { type Database, statusLists } from '@touchmark/store';
import { Authorities } from './authorities/authorities.js';
import { createHierarchy } from './authorities/create-hierarchy.js';
import { Ca, type CaSettings } from './ca.js';
import { isLocalUrl } from './local-url.js';

export interface OpenCaOptions {
  /** Pools of connections: issuing, status changes, leases of seats. */
  readonly db: Database;
  readonly statusDb: Database;
  readonly seatDb: Database;
  /** Folder of secrets; the CA's own lie in `ca`, the root's in `root`, which may be taken away after the first start. */
  readonly secrets: string;
  readonly organization: string;
  readonly settings: CaSettings;
  readonly now: () => number;
  readonly randomBytes: RandomBytes;
  readonly onError: (error: unknown) => void;
}

const ROOT_CRL_LIFETIME = 2 * 365 * 86_400;

/** Opens the CA over its keys; makes the hierarchy where the database knows none. */
export async function openCa(options: OpenCaOptions): Promise<Ca> {
  const { db, statusDb, seatDb, secrets, organization, settings, now, randomBytes, onError } = options;
  if (!settings.evaluation && isLocalUrl(settings.publicHttpUrl)) {
    throw new TypeError('outside evaluation the publication URLs must be reachable by more than this machine');
  }
  const issuingKeys = await KeyFolder.open(path.join(secrets, 'ca'), randomBytes);
  const records = await createHierarchy(db, {
    organization,
    publicHttpUrl: settings.publicHttpUrl,
    now,
    randomBytes,
    issuingKeys,
    openRootKeys: () => KeyFolder.open(path.join(secrets, 'root'), randomBytes),
    rootCrlLifetime: ROOT_CRL_LIFETIME,
  });
  if (!settings.evaluation && (await statusLists(db)).some((list) => isLocalUrl(list.crlUri))) {
    throw new TypeError(
      'this hierarchy was made for evaluation, with local publication URLs: begin with an empty database',
    );
  }
  // device keys are checked and certificates signed in libuv's pool, so that both cores work
  const authorities = await Authorities.load(records, (id, spki) => issuingKeys.openSigner(id, spki, 'pool'));
  return new Ca({ db, statusDb, seatDb, authorities, now, randomBytes, onError }, settings);
}
