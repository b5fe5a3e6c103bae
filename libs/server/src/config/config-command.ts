import type { z } from 'zod';
import { type ConfigSources, loadConfig } from './load-config.js';
import { configSchemaJson, describeConfig } from './settings.js';

/**
 * Answers the two options that every process knows: `--print-config-schema` (JSON Schema, and each setting's
 * variable) and `--check-config` (throws CONFIG_INVALID, or says that it is usable). Returns what to print before
 * leaving, or undefined when the process is to start.
 */
export function answerConfigCommand(
  argv: readonly string[],
  schema: z.ZodType,
  sources: ConfigSources,
): string | undefined {
  if (argv.includes('--print-config-schema')) {
    return JSON.stringify({ schema: configSchemaJson(schema), settings: describeConfig(schema) }, null, 2);
  }
  if (!argv.includes('--check-config')) return undefined;
  const { unknownVariables } = loadConfig(schema, sources);
  return ['The configuration is usable.', ...unknownVariables.map((name) => `Unknown variable: ${name}`)].join('\n');
}
