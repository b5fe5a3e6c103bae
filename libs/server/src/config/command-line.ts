import path from 'node:path';
import { parseArgs } from 'node:util';
import { UsageError } from '../errors/usage-error.js';

/** Options without a value, and what each is for. */
export type Flags = Readonly<Record<string, string>>;

/** What every process knows. */
const commonFlags: Flags = {
  'check-config': 'says whether the configuration can be used, and starts nothing',
  'print-config-schema': 'prints every setting with its variable, as JSON, and starts nothing',
  help: 'prints this',
};

export interface CommandLineOptions {
  /** Besides those that every process knows. */
  readonly flags?: Flags;
  /** Commands of the same program, a line each. */
  readonly commands?: readonly string[];
}

/** The flags that a process was started with. Throws UsageError for anything that nobody would read. */
export function readFlags(args: readonly string[], { flags = {} }: CommandLineOptions = {}): ReadonlySet<string> {
  const known = Object.keys({ ...flags, ...commonFlags });
  const options = Object.fromEntries(known.map((name) => [name, { type: 'boolean' as const }]));
  try {
    const { values } = parseArgs({ args: [...args], options, strict: true, allowPositionals: false });
    return new Set(known.filter((name) => values[name] === true));
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)} (--help says what there is)`);
  }
}

/** What `--help` prints. `program`: the file that runs. */
export function usageText(program: string, { flags = {}, commands = [] }: CommandLineOptions = {}): string {
  const all = Object.entries({ ...flags, ...commonFlags });
  const width = Math.max(...all.map(([name]) => name.length));
  return [
    `usage: node ${path.relative(process.cwd(), program)} [options]`,
    ...commands.map((command) => `       node ${path.relative(process.cwd(), program)} ${command}`),
    '',
    ...all.map(([name, purpose]) => `  --${name.padEnd(width)}  ${purpose}`),
    '',
    'Settings are environment variables, or the JSON file TOUCHMARK_CONFIG: docs/operations/configuration.md',
  ].join('\n');
}
