import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { answerConfigCommand } from '@touchmark/server';
import { expect, it } from 'vitest';
import { configSchema as ca, ownerSchema } from '../../apps/ca/src/config.js';
import { configSchema as enrollment } from '../../apps/enrollment/src/config.js';
import { configSchema as gateway } from '../../apps/gateway/src/config.js';
import { configSchema as responder } from '../../apps/responder/src/config.js';
import { configSchema as standalone } from '../../apps/standalone/src/config.js';

const root = path.resolve(import.meta.dirname, '../..');

it.each([
  ['configuration.md', ['standalone'], standalone],
  ['ca-configuration.md', ['ca'], ca],
  ['init-configuration.md', ['ca', 'init'], ownerSchema],
  ['enrollment-configuration.md', ['enrollment'], enrollment],
  ['responder-configuration.md', ['responder'], responder],
  ['gateway-configuration.md', ['gateway'], gateway],
] as const)('docs/operations/%s is what the schema makes of it (npm run docs:configuration)', (page, app, schema) => {
  const input = answerConfigCommand(['--print-config-schema'], schema, { environment: {} }) ?? '';
  const script = path.join(root, 'scripts/configuration-docs.mjs');
  const made = execFileSync(process.execPath, [script, '-', ...app], { input, encoding: 'utf8' });
  expect(readFileSync(path.join(root, 'docs/operations', page), 'utf8')).toBe(made);
});
