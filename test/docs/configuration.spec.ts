import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { answerConfigCommand } from '@touchmark/server';
import { expect, it } from 'vitest';
import { configSchema } from '../../apps/standalone/src/config.js';

const root = path.resolve(import.meta.dirname, '../..');

it('docs/operations/configuration.md is what the schema makes of it (npm run docs:configuration)', () => {
  const input = answerConfigCommand(['--print-config-schema'], configSchema, { environment: {} }) ?? '';
  const script = path.join(root, 'scripts/configuration-docs.mjs');
  const made = execFileSync(process.execPath, [script], { input, encoding: 'utf8' });
  expect(readFileSync(path.join(root, 'docs/operations/configuration.md'), 'utf8')).toBe(made);
});
