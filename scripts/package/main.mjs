// Makes the published package of libs/verifier and holds it against what it promises:
// `npm run package [-- --out FOLDER]` leaves the tarball in dist/packages and prints one JSON line.
import path from 'node:path';
import { parseArgs } from 'node:util';
import { buildVerifier } from './build-verifier.mjs';
import { checkManifest, checkReadme, checkSizes, checkTypes, lintPackage } from './checks.mjs';
import { packFolder } from './pack-folder.mjs';

const root = path.resolve(import.meta.dirname, '../..');
const { values } = parseArgs({ options: { out: { type: 'string', default: path.join(root, 'dist/packages') } } });

const folder = path.join(values.out, 'verifier');
await buildVerifier(root, folder);
checkManifest(root, folder);
checkReadme(folder);
checkTypes(root, folder);
const tarball = packFolder(folder, values.out);
const sizes = checkSizes(folder, tarball);
await lintPackage(root, tarball);
process.stdout.write(`${JSON.stringify({ tarball, ...sizes })}\n`);
