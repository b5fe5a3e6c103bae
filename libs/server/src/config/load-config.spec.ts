import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { answerConfigCommand, describeConfig, loadConfig, ServerError } from '../index.js';

const Schema = z.strictObject({
  publicHttpUrl: z.url().default('http://localhost:8080').describe('Base of what stands in certificates'),
  databaseUrl: z.string().meta({ env: 'DATABASE_URL', secret: true }),
  listeners: z
    .strictObject({
      admin: z.strictObject({ port: z.int().min(0).max(65_535).default(8445) }).prefault({}),
      names: z.array(z.string()).default(['localhost']),
    })
    .prefault({}),
  evaluation: z.boolean().default(false),
  quotas: z.record(z.string(), z.int()).default({}),
});

const folder = mkdtempSync(join(tmpdir(), 'touchmark-config-'));
afterAll(() => rmSync(folder, { recursive: true }));
const DATABASE_URL = 'postgres://';

function settingsAtFault(environment: Record<string, string>): unknown {
  try {
    loadConfig(Schema, { environment });
  } catch (error) {
    if (ServerError.is(error, 'CONFIG_INVALID')) return error;
    throw error;
  }
  return undefined;
}

describe('loadConfig', () => {
  it('starts from defaults and lets the file, then the environment win', () => {
    const file = join(folder, 'config.json');
    writeFileSync(file, JSON.stringify({ listeners: { admin: { port: 1 } }, evaluation: true, quotas: { a: 1 } }));
    const environment = { DATABASE_URL, TOUCHMARK_CONFIG: file, TOUCHMARK_LISTENERS_ADMIN_PORT: '2' };
    const { config } = loadConfig(Schema, { environment, defaults: { evaluation: false, quotas: { b: 2 } } });
    expect(config).toEqual({
      publicHttpUrl: 'http://localhost:8080',
      databaseUrl: DATABASE_URL,
      listeners: { admin: { port: 2 }, names: ['localhost'] },
      evaluation: true,
      quotas: { a: 1, b: 2 },
    });
  });

  it('reads each kind of setting from text, and an empty variable as none', () => {
    const environment = {
      DATABASE_URL,
      TOUCHMARK_EVALUATION: 'true',
      TOUCHMARK_LISTENERS_NAMES: 'a.example, b.example',
      TOUCHMARK_QUOTAS: '{"x":3}',
      TOUCHMARK_PUBLIC_HTTP_URL: '',
    };
    expect(loadConfig(Schema, { environment }).config).toMatchObject({
      evaluation: true,
      quotas: { x: 3 },
      publicHttpUrl: 'http://localhost:8080',
      listeners: { names: ['a.example', 'b.example'] },
    });
  });

  it('names every bad setting at once by its variable, never its value', () => {
    const environment = {
      TOUCHMARK_LISTENERS_ADMIN_PORT: 'hunter2',
      TOUCHMARK_EVALUATION: 'yes',
      TOUCHMARK_PUBLIC_HTTP_URL: 'hunter2',
      TOUCHMARK_QUOTAS: '{hunter2',
    };
    const error = settingsAtFault(environment);
    expect(error).toMatchObject({
      context: {
        settings: expect.arrayContaining(
          [
            'TOUCHMARK_PUBLIC_HTTP_URL',
            'DATABASE_URL',
            'TOUCHMARK_LISTENERS_ADMIN_PORT',
            'TOUCHMARK_EVALUATION',
            'TOUCHMARK_QUOTAS',
          ].map((variable) => expect.objectContaining({ variable })),
        ),
      },
    });
    expect(String(error)).not.toContain('hunter2');
    expect(String(error)).toContain('DATABASE_URL: is required');
    expect(String(error)).not.toContain('undefined');
  });

  it('refuses an unknown member of the file, and a file that is not there', () => {
    const file = join(folder, 'unknown.json');
    writeFileSync(file, JSON.stringify({ listeners: { amdin: {} } }));
    expect(settingsAtFault({ DATABASE_URL, TOUCHMARK_CONFIG: file })).toMatchObject({
      context: { settings: [{ variable: 'listeners.amdin' }] },
    });
    expect(settingsAtFault({ DATABASE_URL, TOUCHMARK_CONFIG: join(folder, 'absent') })).toMatchObject({
      context: { settings: [{ variable: 'TOUCHMARK_CONFIG' }] },
    });
  });

  it('tells of variables that no setting knows', () => {
    const environment = { DATABASE_URL, TOUCHMARK_PROT: '1', HOME: '/' };
    expect(loadConfig(Schema, { environment }).unknownVariables).toEqual(['TOUCHMARK_PROT']);
  });
});

describe('describeConfig', () => {
  it('lists each setting with its variable, kind and default', () => {
    const settings = describeConfig(Schema);
    expect(settings.map(({ variable, kind, required }) => [variable, kind, required])).toEqual([
      ['TOUCHMARK_PUBLIC_HTTP_URL', 'text', false],
      ['DATABASE_URL', 'text', true],
      ['TOUCHMARK_LISTENERS_ADMIN_PORT', 'number', false],
      ['TOUCHMARK_LISTENERS_NAMES', 'list', false],
      ['TOUCHMARK_EVALUATION', 'boolean', false],
      ['TOUCHMARK_QUOTAS', 'json', false],
    ]);
    expect(settings[0]).toMatchObject({ default: 'http://localhost:8080', secret: false });
    expect(settings[1]).toMatchObject({ secret: true });
    expect(settings[2]).toMatchObject({ default: 8445, path: ['listeners', 'admin', 'port'] });
  });
});

describe('answerConfigCommand', () => {
  const sources = { environment: { DATABASE_URL } };

  it('prints the schema, checks, or says nothing so that the process starts', () => {
    const printed = JSON.parse(answerConfigCommand(['--print-config-schema'], Schema, sources) ?? '');
    expect(printed.schema.properties).toHaveProperty('databaseUrl');
    expect(answerConfigCommand(['--check-config'], Schema, sources)).toContain('usable');
    expect(answerConfigCommand([], Schema, sources)).toBeUndefined();
  });

  it('throws for a configuration that does not do', () => {
    expect(() => answerConfigCommand(['--check-config'], Schema, { environment: {} })).toThrow(ServerError);
  });
});
