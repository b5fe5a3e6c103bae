import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { ExitCode } from '../../apps/cli/src/exit-codes.js';
import { commandReference, makeProgram } from '../../apps/cli/src/program.js';

const document = readFileSync(path.resolve(import.meta.dirname, '../../docs/cli.md'), 'utf8');
const unused = (): never => {
  throw new Error('no command is run');
};

it('docs/cli.md shows the help of every command (npm run docs:cli)', () => {
  const [, reference = ''] = document.split('## Every command\n\n');
  expect(reference).toBe(
    commandReference(
      makeProgram({ start: unused, finish: unused }, { version: '0.0.0', writeOut: unused, writeErr: unused }),
    ),
  );
  for (const name of ['serve', 'batch provision', 'device enroll', 'token enrollment create', 'verify', 'ca show'])
    expect(reference).toContain(`### touchmark ${name}\n`);
});

it('gives an example for every command', () => {
  const blocks = document.split('\n### touchmark ').slice(1);
  expect(blocks.length).toBeGreaterThan(30);
  expect(blocks.filter((block) => !/Examples:\n {2}\$ npx touchmark /.test(block))).toEqual([]);
});

it('says every exit code, and no other', () => {
  const section = document.slice(document.indexOf('## Exit codes'), document.indexOf('## Batches'));
  const codes = [...section.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
  expect(codes).toEqual(Object.values(ExitCode).toSorted((a, b) => a - b));
});
