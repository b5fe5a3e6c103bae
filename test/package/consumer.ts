import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { ReadmeBlock } from '../verifier/readme-blocks.js';
import type { RunBlock, Scene } from '../verifier/readme-scenes.js';

const repository = path.resolve(import.meta.dirname, '../..');

/** An empty folder with nothing in it but the packed verifier, installed from its tarball: who uses the package. */
export class Consumer {
  readonly folder: string;
  private readonly project: string;
  private readonly load: NodeJS.Require;
  private runs = 0;

  private constructor(folder: string) {
    this.folder = folder;
    this.project = path.join(folder, 'project');
    // Node.js itself loads what lies there, not the test runner with its aliases of the sources.
    this.load = createRequire(path.join(this.project, 'package.json'));
  }

  /** Builds, packs and checks by `scripts/package`, then installs without a network, a cache or a registry. */
  static install(): Consumer {
    const consumer = new Consumer(mkdtempSync(path.join(tmpdir(), 'touchmark-package-')));
    const { folder, project } = consumer;
    const printed = run(process.execPath, [path.join(repository, 'scripts/package/main.mjs'), '--out', folder]);
    const { tarball }: { tarball: string } = JSON.parse(printed);
    mkdirSync(project);
    writeFileSync(path.join(project, 'package.json'), '{ "private": true, "type": "module" }\n');
    const cache = path.join(folder, 'empty-cache');
    run('npm', ['install', '--offline', '--cache', cache, '--no-audit', '--no-fund', tarball], project);
    return consumer;
  }

  /** What Node.js finds under the package's name. */
  installed(name: string): unknown {
    return this.load(name);
  }

  /** What a fresh Node.js prints. */
  node(...args: readonly string[]): string {
    return run(process.execPath, args, this.project);
  }

  /** Writes the block as a module of the project, with what it takes as given as a typed argument. */
  writeExample(name: string, { imports, body }: ReadmeBlock, { given, makes }: Scene): void {
    const names = Object.keys(given).join(', ');
    const types = Object.entries(given).map(([of, type]) => `${of}: ${type}`);
    const text = [
      "import type * as api from '@touchmark/verifier';",
      "import type * as tls from 'node:tls';",
      imports,
      `export default async function ({ ${names} }: { ${types.join('; ')} }) {`,
      body,
      `return { ${makes.join(', ')} };`,
      '}',
      '',
    ].join('\n');
    this.writeFile(`${name}.mts`, text);
  }

  /** Runs the block from the project, against the installed package. */
  runner(block: ReadmeBlock, scene: Scene): RunBlock {
    return async (given, replaced = {}) => {
      this.runs += 1;
      const name = `run-${this.runs}`;
      let { body } = block;
      for (const [from, to] of Object.entries(replaced)) body = body.replace(from, to);
      this.writeExample(name, { ...block, body }, scene);
      const example = this.load(`./${name}.mts`);
      return example.default(given);
    };
  }

  writeFile(name: string, text: string): void {
    writeFileSync(path.join(this.project, name), text);
  }

  /** Compiles everything in the project against the packed types, which are held to `strict` themselves. */
  compile(compiler: 'typescript' | 'tsc7'): string {
    const compilerOptions = {
      strict: true,
      skipLibCheck: false,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      target: 'es2024',
      lib: ['es2024'],
      module: 'nodenext',
      types: ['node'],
      typeRoots: [path.join(repository, 'node_modules/@types')],
      noEmit: true,
    };
    this.writeFile('tsconfig.json', JSON.stringify({ compilerOptions, include: ['*.mts'] }));
    const { status, stdout } = spawnSync(
      process.execPath,
      [path.join(repository, 'node_modules', compiler, 'bin/tsc'), '-p', this.project],
      { encoding: 'utf8' },
    );
    return status === 0 ? '' : `exit code ${status}\n${stdout}`;
  }
}

function run(command: string, args: readonly string[], cwd = repository): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stdout + stderr}`);
  return stdout;
}
