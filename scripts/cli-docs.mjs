// Makes the second half of docs/cli.md from what the command line says of itself: reads the answer to --print-reference on standard
// input, and writes it behind the heading "Every command" of the file that is named. `npm run docs:cli` does both.
import { readFileSync, writeFileSync } from 'node:fs';

const [, , file] = process.argv;
const HEADING = '## Every command\n';
const page = readFileSync(file, 'utf8');
const at = page.indexOf(HEADING);
if (at < 0) throw new Error(`${file} has no heading "Every command"`);
writeFileSync(file, `${page.slice(0, at)}${HEADING}\n${readFileSync(0, 'utf8')}`);
