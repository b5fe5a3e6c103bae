import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { ServerError, type SettingError } from '../errors/server-error.js';
import { fieldErrors } from '../http/validation.js';
import { describeConfig, type Setting } from './settings.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface ConfigSources {
  /** What this app starts from; the schema's own defaults lie beneath. */
  readonly defaults?: object;
  /** Path of a JSON file. Default: the variable TOUCHMARK_CONFIG, and no file without it. */
  readonly file?: string;
  readonly environment: Environment;
}

export interface LoadedConfig<T> {
  readonly config: T;
  /**
   * TOUCHMARK_ variables that no setting knows, to be warned of: probably misspelt, possibly another process's, or
   * what Kubernetes adds for a service called touchmark.
   */
  readonly unknownVariables: readonly string[];
}

const FILE_VARIABLE = 'TOUCHMARK_CONFIG';

/**
 * Defaults, then the file, then the environment, each over the one before, checked by the schema. Throws
 * CONFIG_INVALID with everything that is wrong at once, each by its variable's name and never with its value.
 * A variable that is set to the empty string counts as not set.
 */
export function loadConfig<T>(schema: z.ZodType<T>, sources: ConfigSources): LoadedConfig<T> {
  const { environment, defaults = {} } = sources;
  const settings = describeConfig(schema);
  const file = sources.file ?? environment[FILE_VARIABLE];
  const values = structuredClone(defaults);
  merge(values, file === undefined || file === '' ? {} : readConfigFile(file));
  for (const setting of settings) {
    const text = environment[setting.variable];
    if (text !== undefined && text !== '') assign(values, setting.path, readVariable(text, setting.kind));
  }
  const result = schema.safeParse(values);
  if (!result.success) throw invalidConfig(result.error.issues, settings, values);
  const known = new Set([FILE_VARIABLE, ...settings.map((setting) => setting.variable)]);
  const unknownVariables = Object.keys(environment).filter((name) => name.startsWith('TOUCHMARK_') && !known.has(name));
  return { config: result.data, unknownVariables };
}

function invalidConfig(issues: z.core.$ZodIssue[], settings: readonly Setting[], values: object): ServerError {
  const errors: SettingError[] = fieldErrors(issues).map(({ path, message }) => {
    const setting = settings.find((one) => one.path.join('.') === path);
    if (setting?.required !== true || isSet(values, setting.path))
      return { variable: setting?.variable ?? path, message };
    const what = setting.description === undefined ? '' : `: ${setting.description}`;
    return { variable: setting.variable, message: `is required${what}` };
  });
  const list = errors.map(({ variable, message }) => `\n  ${variable}: ${message}`).join('');
  return new ServerError('CONFIG_INVALID', { settings: errors }, `the configuration cannot be used:${list}`);
}

function readConfigFile(file: string): object {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (isPlainObject(value)) return value;
    throw new TypeError('not a JSON object');
  } catch (cause) {
    const settings = [{ variable: FILE_VARIABLE, message: `${file} is not a readable JSON object` }];
    throw new ServerError('CONFIG_INVALID', { settings }, `the configuration file ${file} cannot be used`, { cause });
  }
}

/** The variable's text in the setting's type; where it is not of that type, as it is, for the schema to refuse. */
function readVariable(text: string, kind: Setting['kind']): unknown {
  switch (kind) {
    case 'text':
      return text;
    case 'number':
      return text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text);
    case 'boolean':
      return text === 'true' || (text === 'false' ? false : text);
    case 'list':
      return text.split(',').map((part) => part.trim());
    case 'json':
      try {
        return JSON.parse(text);
      } catch {
        return text;
      }
    default:
      return kind satisfies never;
  }
}

function isSet(values: unknown, [name, ...rest]: readonly string[]): boolean {
  if (name === undefined) return values !== undefined;
  return isPlainObject(values) && isSet(values[name], rest);
}

type PlainObject = Record<string, unknown>;

const isPlainObject = (value: unknown): value is PlainObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function merge(target: object, source: object): void {
  const into: PlainObject = { ...target };
  for (const [name, value] of Object.entries(source)) {
    const already = into[name];
    if (isPlainObject(already) && isPlainObject(value)) merge(already, value);
    else Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
  }
}

function assign(target: object, path: readonly string[], value: unknown): void {
  const [name, ...rest] = path.toReversed();
  if (name === undefined) return;
  let nested: PlainObject = { [name]: value };
  for (const outer of rest) nested = { [outer]: nested };
  merge(target, nested);
}
