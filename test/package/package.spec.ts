import { readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';

import { TEST_NOW } from '@touchmark/testkit';
import type * as api from '@touchmark/verifier';
import * as source from '@touchmark/verifier';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

import { readmeBlocks } from '../verifier/readme-blocks.js';
import { README_SCENES } from '../verifier/readme-scenes.js';
import { Consumer } from './consumer.js';

const examples = readmeBlocks().map((block) => ({
  heading: block.heading,
  block,
  scene: README_SCENES[block.heading],
}));

/** Uses that the types forbid: were they lost on the way, these comments would be errors. */
const WRONG = `
import { Verifier, verifyPath, type VerifierErrorCode } from '@touchmark/verifier';
// @ts-expect-error -- the union is closed
export const code: VerifierErrorCode = 'NO_SUCH_CODE';
// @ts-expect-error -- nothing is optional that must be decided
verifyPath({ chain: [], trustAnchors: [], intermediates: [], at: 0, purpose: 'client' });
// @ts-expect-error -- opened, never constructed
new Verifier({});
`;

describe('the package @touchmark/verifier, packed and installed into an empty folder', () => {
  let consumer: Consumer;
  beforeAll(() => {
    consumer = Consumer.install();
  });
  afterAll(() => rmSync(consumer.folder, { recursive: true, force: true }));
  afterEach(() => vi.useRealTimers());

  it('brings nothing along, and no source', () => {
    const modules = path.join(consumer.folder, 'project/node_modules');
    expect(readdirSync(modules).filter((name) => !name.startsWith('.'))).toEqual(['@touchmark']);
    expect(readdirSync(path.join(modules, '@touchmark'))).toEqual(['verifier']);
    const files = readdirSync(path.join(modules, '@touchmark/verifier')).toSorted();
    expect(files).toEqual(['LICENSE', 'README.md', 'index.d.mts', 'index.mjs', 'package.json']);
  });

  it('exports what the source does, to ES modules and to CommonJS', () => {
    const names = JSON.stringify(Object.keys(source).toSorted());
    const print = 'console.log(JSON.stringify(Object.keys(api).toSorted()))';
    const esm = `import * as api from '@touchmark/verifier'; ${print}`;
    const cjs = `const api = require('@touchmark/verifier'); ${print}`;
    expect(consumer.node('--input-type=module', '--eval', esm).trim()).toBe(names);
    expect(consumer.node('--input-type=commonjs', '--eval', cjs).trim()).toBe(names);
  });

  it('is imported without what takes long to load', () => {
    const script = `const before = new Set(process.moduleLoadList);
      await import('@touchmark/verifier');
      console.log(process.moduleLoadList.filter((name) => !before.has(name) && /^NativeModule (crypto|net|tls|https?|zlib|fs)/.test(name)).join());`;
    expect(consumer.node('--input-type=module', '--eval', script).trim()).toBe('');
  });

  it('declares no private members, and has short names for those that nothing else is called by', () => {
    const folder = path.join(consumer.folder, 'project/node_modules/@touchmark/verifier');
    const types = readFileSync(path.join(folder, 'index.d.mts'), 'utf8');
    const module = readFileSync(path.join(folder, 'index.mjs'), 'utf8');
    expect(types.match(/^ *private .*$/gm)).toEqual(['  private constructor();']);
    expect(types).toContain('#private;');
    expect(module).not.toMatch(/selfIssuedMemo|streamsInVain/);
    expect(module).toMatch(/^[\0-\x7f]*$/);
  });

  it('types compile, and the examples of README against them', () => {
    for (const [n, { block, scene }] of examples.entries()) {
      if (scene !== undefined) consumer.writeExample(`example-${n}`, block, scene);
    }
    consumer.writeFile('wrong.mts', WRONG);
    expect(consumer.compile('typescript')).toBe('');
    expect(consumer.compile('tsc7')).toBe('');
  });

  it.each(examples)('README, $heading: runs as it stands', async ({ block, scene }) => {
    if (scene === undefined) throw new TypeError('a block without a scene');
    vi.useFakeTimers({ toFake: ['Date'], now: TEST_NOW * 1000 });
    await expect(scene.play(installedApi(consumer), consumer.runner(block, scene))).resolves.toBeUndefined();
  });
});

function installedApi(consumer: Consumer): typeof api {
  const installed = consumer.installed('@touchmark/verifier');
  if (!isApi(installed)) throw new TypeError('the package has other exports than its source');
  return installed;
}

function isApi(value: unknown): value is typeof api {
  return (
    value !== source && value !== null && typeof value === 'object' && Object.keys(source).every((n) => n in value)
  );
}
