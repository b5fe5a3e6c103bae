#!/usr/bin/env node
// `npx touchmark`: runs on whatever Node.js came with npm (18 or newer, so plain JavaScript without dependencies), installs and builds
// where that was never done, and hands over to the command line under the Node.js that the project pins.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const NODE_MAJOR = 24;
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const main = path.join(root, 'dist', 'apps', 'cli', 'src', 'main.js');
const pinnedNode = path.join(root, 'node_modules', '.bin', 'node');

if (!existsSync(main) || !existsSync(path.join(root, 'dist', '.touchmark-built'))) prepare();
if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR) await import(pathToFileURL(main).href);
else handOver();

/** Standard output stays empty: scripts read it. */
function prepare() {
  const script = path.join(root, 'scripts', 'prepare.mjs');
  const { status } = spawnSync(process.execPath, [script, '--build'], { stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(1);
}

function handOver() {
  const node = existsSync(pinnedNode) ? pinnedNode : 'node';
  const child = spawn(node, ['--enable-source-maps', main, ...process.argv.slice(2)], { stdio: 'inherit' });
  // the terminal sends Ctrl-C to both; what else is sent to us alone goes on
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.once('error', (error) => {
    console.error(`touchmark: Node.js ${NODE_MAJOR} cannot be started (${error.message})`);
    process.exit(1);
  });
  child.once('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
