import { ServerError } from './errors/server-error.js';

/** The major version of Node.js that the tests run on. An older one parses some requests otherwise, and so is refused. */
const TESTED = 24;

/** Throws NODE_TOO_OLD. `version` as in `process.versions.node`. */
export function checkNodeVersion(version: string): void {
  if (Number.parseInt(version, 10) >= TESTED) return;
  const needed = String(TESTED);
  throw new ServerError(
    'NODE_TOO_OLD',
    { version, needed },
    `Node.js ${needed} or later is needed, this is ${version}`,
  );
}
