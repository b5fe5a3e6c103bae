import path from 'node:path';
import type { ProcessContext } from '@touchmark/server';
import { openCaService } from '../../ca/src/ca-service.js';
import { beginEpoch, readRestore } from '../../ca/src/commands/restore.js';
import type { Config } from './config.js';
import { openDatabase } from './database.js';

export interface RestoreContext extends ProcessContext<Config> {
  readonly cloneRoot: string;
  readonly print: (line: string) => void;
}

/** `restore` of the CA on a data folder that no service runs on: its database runs for as long as this takes. */
export async function restoreDataFolder(args: readonly string[], context: RestoreContext): Promise<void> {
  const { config, clock, randomBytes, logger, cloneRoot, print } = context;
  const request = await readRestore(args);
  const database = await openDatabase({ ...config, cloneRoot, randomBytes, log: (line) => logger.info(line) });
  try {
    const service = await openCaService({
      databaseUrl: database.urls.ca,
      issuingKeys: path.join(database.folder.secrets, 'ca'),
      settings: config.ca,
      now: clock.now,
      randomBytes,
      logger,
    });
    try {
      await beginEpoch(service.ca, request, print);
    } finally {
      await service.close();
    }
  } finally {
    await database.close();
  }
}
