// Runs before `npm start` and `npm test`, on whatever Node.js came with npm (18 or newer, so plain JavaScript without dependencies):
// installs the locked packages if they are not the installed ones, makes `node` inside npm scripts the pinned one, and with --build
// compiles what changed. Says nothing when there is nothing to do.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR = 24;
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const nodeModules = path.join(root, 'node_modules');
const installStamp = path.join(nodeModules, '.touchmark-installed');
const buildStamp = path.join(root, 'dist', '.touchmark-built');
const builtFrom = [
  'apps',
  'libs',
  'migrations',
  'bench',
  'test/conformance',
  'types',
  'nest-cli.json',
  'tsconfig.json',
  'package.json',
  'package-lock.json',
];
const pinnedNode = path.join(nodeModules, `node-linux-${process.arch}`, 'bin', 'node');
const hasPinnedNode = process.platform === 'linux' && (process.arch === 'x64' || process.arch === 'arm64');

install();
const node = hasPinnedNode ? linkPinnedNode() : ownNode();
if (process.argv.includes('--build')) build(node);

function install() {
  const wanted = createHash('sha256')
    .update(readFileSync(path.join(root, 'package-lock.json')))
    .digest('hex');
  if (read(installStamp) === wanted) return;
  // Without the stamp an interrupted install is repeated, whatever it left behind.
  rmSync(installStamp, { force: true });
  const done = step('installing packages (about a minute, only when the lock file changed)');
  // No package needs its install script; npm 10 would run them, newer ones ask package.json's allowScripts.
  // The includes hold against NODE_ENV=production: the build itself needs development packages.
  const options = ['ci', '--loglevel=error', '--ignore-scripts', '--include=dev', '--include=optional'];
  const [command, ...first] = npm();
  const result = spawnSync(command, [...first, ...options], { cwd: root, stdio: 'inherit' });
  if (result.status !== 0) {
    stop(
      result,
      `npm ci did not finish${result.error ? ` (${result.error.message})` : '; its reason stands above'}. It needs the npm registry.`,
    );
  }
  writeFileSync(installStamp, `${wanted}\n`);
  done('packages installed');
}

/** The npm that runs us, under the Node.js that runs it: the pinned one would be deleted by `npm ci` while it works. */
function npm() {
  const cli = process.env.npm_execpath;
  if (!cli || path.basename(cli) !== 'npm-cli.js') return ['npm'];
  const outer = process.env.npm_node_execpath;
  if (outer && !isInstalled(outer) && existsSync(outer)) return [outer, cli];
  return isInstalled(process.execPath) ? ['npm'] : [process.execPath, cli];
}

function isInstalled(file) {
  return file.startsWith(nodeModules + path.sep);
}

/** npm 10 does not link the `node` of a platform package when several are listed; npm 11 does. */
function linkPinnedNode() {
  const link = path.join(nodeModules, '.bin', 'node');
  const target = path.relative(path.dirname(link), pinnedNode);
  if (linkTarget(link) === target) return link;
  if (!existsSync(pinnedNode)) {
    stop({}, `${path.relative(root, pinnedNode)} is missing. Remove node_modules and try again.`);
  }
  const trial = spawnSync(pinnedNode, ['--version'], { encoding: 'utf8' });
  if (trial.status !== 0) {
    stop(trial, `Node.js ${NODE_MAJOR} from node_modules does not run here (a Linux with glibc is needed).`);
  }
  rmSync(link, { force: true });
  mkdirSync(path.dirname(link), { recursive: true });
  symlinkSync(target, link);
  return link;
}

function ownNode() {
  const here = `${process.platform} ${process.arch}`;
  if (Number(process.versions.node.split('.')[0]) < NODE_MAJOR) {
    stop(
      {},
      `this is Node.js ${process.versions.node} on ${here}. A Node.js comes along for Linux x64 and arm64 only; ` +
        `elsewhere install Node.js ${NODE_MAJOR} or newer, and set DATABASE_URL to a PostgreSQL of yours.`,
    );
  }
  return process.execPath;
}

function build(nodePath) {
  const wanted = hashOf(builtFrom);
  if (read(buildStamp) === wanted) return;
  rmSync(buildStamp, { force: true });
  const done = step('building (some seconds, only when sources changed)');
  const nest = path.join(nodeModules, '@nestjs', 'cli', 'bin', 'nest.js');
  const result = spawnSync(nodePath, [nest, 'build', '--all'], { cwd: root, encoding: 'utf8' });
  if (result.status !== 0) {
    process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}\n`);
    stop(result, 'the build failed.');
  }
  writeFileSync(buildStamp, `${wanted}\n`);
  done('built');
}

/** One hash over names and bytes: unlike times it survives a checkout, and a deleted file counts. */
function hashOf(names) {
  const hash = createHash('sha256');
  const visit = (name) => {
    const file = path.join(root, name);
    let entries;
    try {
      entries = readdirSync(file);
    } catch {
      if (existsSync(file)) hash.update(`${name}\0`).update(readFileSync(file)).update('\0');
      return;
    }
    // oxlint-disable-next-line unicorn/no-array-sort -- Node.js 18 has no toSorted
    for (const entry of entries.sort()) if (!entry.endsWith('.spec.ts')) visit(path.join(name, entry));
  };
  names.forEach(visit);
  return hash.digest('hex');
}

function read(file) {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}

function linkTarget(link) {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}

function step(what) {
  console.error(`touchmark: ${what} …`);
  const started = performance.now();
  return (finished) => {
    const seconds = (performance.now() - started) / 1000;
    console.error(`touchmark: ${finished} in ${seconds.toFixed(0)} s`);
  };
}

function stop(result, message) {
  if (result.signal === 'SIGINT') process.exit(130);
  console.error(`touchmark: ${message}`);
  process.exit(1);
}
