import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

/**
 * Octets. The module is what a gateway loads; the tarball is what it fetches, a third of which is for people: README, license, and
 * what the declarations say in words.
 */
const LIMITS = { module: 158_000, packedModule: 51_000, tarball: 81_000 };

const FIELDS_OF_DEPENDENCIES = [
  'dependencies',
  'peerDependencies',
  'optionalDependencies',
  'bundleDependencies',
  'devDependencies',
];

/** No types but those of the language: none of Node.js, none of a browser. */
const BARE = '--strict --noEmit --target es2024 --lib es2024 --module nodenext --typeRoots none --ignoreConfig'.split(
  ' ',
);

/** One version for the repository and for what it publishes; nothing else is installed, nothing runs at installation. */
export function checkManifest(root, folder) {
  const manifest = JSON.parse(read(folder, 'package.json'));
  const { version } = JSON.parse(read(root, 'package.json'));
  if (manifest.version !== version) fail(`package.json says ${manifest.version}, that of the repository ${version}`);
  const unwanted = [...FIELDS_OF_DEPENDENCIES, 'scripts', 'private'].filter((field) => field in manifest);
  if (unwanted.length > 0) fail(`package.json has ${unwanted.join(', ')}`);
}

/** A package site shows README alone: a link leads to a heading of its own, or nowhere else in the repository. */
export function checkReadme(folder) {
  const links = [...read(folder, 'README.md').matchAll(/\]\(([^)\s]+)[^)]*\)/g)].map(([, target]) => target);
  const dead = links.filter((target) => !/^(#|https:\/\/(www\.rfc-editor|datatracker\.ietf)\.org\/)/.test(target));
  if (dead.length > 0) fail(`README.md links to what is not in the package: ${dead.join(', ')}`);
}

/** The module stands on Node.js alone; its types on the language alone, so that they compile where no others are installed. */
export function checkTypes(root, folder) {
  for (const file of ['index.d.mts', 'index.mjs']) {
    const imports = read(folder, file).matchAll(
      /\b(?:from\s*["']|import\s*["']|(?:import|require)\s*\(\s*["'`])([^"'`]+)/g,
    );
    const foreign = [...imports]
      .map(([, name]) => name)
      .filter((name) => file !== 'index.mjs' || !name.startsWith('node:'));
    if (foreign.length > 0) fail(`${file} imports ${foreign.join(', ')}`);
  }
  const { status, stdout } = spawnSync(
    process.execPath,
    [path.join(root, 'node_modules/typescript/bin/tsc'), ...BARE, path.join(folder, 'index.d.mts')],
    { cwd: folder, encoding: 'utf8' },
  );
  if (status !== 0) fail(`index.d.mts needs types of others:\n${stdout}`);
}

export function checkSizes(folder, tarball) {
  const module = readFileSync(path.join(folder, 'index.mjs'));
  const packedModule = gzipSync(module, { level: 9 }).length;
  const sizes = { module: module.length, packedModule, tarball: statSync(tarball).size };
  for (const [what, limit] of Object.entries(LIMITS))
    if (sizes[what] > limit) fail(`${what} has ${sizes[what]} octets, more than ${limit}`);
  return { moduleOctets: sizes.module, packedModuleOctets: packedModule, tarballOctets: sizes.tarball };
}

/** publint and are-the-types-wrong; the latter for an ESM-only package, which CommonJS gets by `require` of ESM. */
export async function lintPackage(root, tarball) {
  const { buffer } = new Uint8Array(readFileSync(tarball));
  const { messages, pkg } = await publint({ pack: { tarball: buffer }, strict: true });
  if (messages.length > 0) fail(messages.map((message) => formatMessage(message, pkg)).join('\n'));
  const attw = fileURLToPath(import.meta.resolve('@arethetypeswrong/cli/package.json'));
  const cli = path.join(path.dirname(attw), 'dist/index.js');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [cli, tarball, '--profile', 'esm-only', '--no-definitely-typed', '--no-color', '--no-emoji'],
    { cwd: root, encoding: 'utf8' },
  );
  if (status !== 0) fail(`are the types wrong:\n${stdout}${stderr}`);
}

function read(folder, file) {
  return readFileSync(path.join(folder, file), 'utf8');
}

function fail(why) {
  throw new Error(`@touchmark/verifier: ${why}`);
}
