import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

const packageFile = z.looseObject({ version: z.string() });

/** The clone's root: the nearest folder above with a package.json, for a built file in dist and for its source alike. */
export function packageRoot(folder: string): string {
  const parent = path.dirname(folder);
  return existsSync(path.join(folder, 'package.json')) || parent === folder ? folder : packageRoot(parent);
}

/** The version of the service, as package.json says it. */
export function packageVersion(root: string): string {
  return packageFile.parse(JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))).version;
}
