// A process of its own that starts a database and then waits to be killed. Arguments: folder, and the clone's root if given.
import { randomBytes } from 'node:crypto';
import { startEmbeddedPostgres } from '../../libs/store/src/embedded-postgres/embedded-postgres.js';

const [folder, cloneRoot] = process.argv.slice(2);
if (folder === undefined) throw new TypeError('usage: supervisor.ts <folder> [<root of the clone>]');
const { url, adopted } = await startEmbeddedPostgres({
  folder,
  ...(cloneRoot !== undefined && { cloneRoot }),
  durable: false,
  randomBytes,
  log: (line) => console.error(line),
});
console.log(JSON.stringify({ url, adopted }));
setInterval(() => undefined, 60_000);
