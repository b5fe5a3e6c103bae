import * as nodeCrypto from 'node:crypto';
import * as nodeFs from 'node:fs';
import * as nodeTls from 'node:tls';

import * as verifier from '@touchmark/verifier';
import { TEST_NOW } from '@touchmark/testkit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { type ReadmeBlock, readmeBlocks } from './readme-blocks.js';
import { README_SCENES, type RunBlock } from './readme-scenes.js';

const blocks = readmeBlocks();
const modules: Readonly<Record<string, object>> = {
  '@touchmark/verifier': verifier,
  'node:crypto': nodeCrypto,
  'node:fs': nodeFs,
  'node:tls': nodeTls,
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: TEST_NOW * 1000 });
});
afterEach(() => vi.useRealTimers());

/** Runs the block against the source, its imports taken from `modules`. */
function fromSource({ imports, body }: ReadmeBlock, makes: readonly string[]): RunBlock {
  const taken = imports.replaceAll(/^import (\{.*\}) from '(.*)';$/gm, "const $1 = modules['$2'];");
  return async (given, replaced = {}) => {
    let text = `${taken}\n${body}`;
    for (const [from, to] of Object.entries(replaced)) text = text.replace(from, to);
    const code = `return (async () => { ${text}\nreturn { ${makes.join(', ')} }; })()`;
    // oxlint-disable-next-line typescript/no-implied-eval, no-new-func -- the text of the document is what is tested
    const run = new Function('modules', ...Object.keys(given), code);
    return run(modules, ...Object.values(given));
  };
}

describe('README of the verifier', () => {
  it('shows what has a scene, each once', () => {
    expect(blocks.map(({ heading }) => heading)).toEqual(Object.keys(README_SCENES));
  });

  it('begins in ten lines', () => {
    expect(blocks[0]?.body.split('\n').length).toBeLessThanOrEqual(10);
  });

  it.each(blocks.map((block) => [block.heading, block] as const))('%s: runs as it stands', async (heading, block) => {
    const scene = README_SCENES[heading];
    if (scene === undefined) throw new TypeError('a block without a scene');
    await expect(scene.play(verifier, fromSource(block, scene.makes))).resolves.toBeUndefined();
  });
});
