import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { CliError } from '../cli-error.js';
import { environmentOfProcesses } from '../config.js';
import { ExitCode } from '../exit-codes.js';

/** The other apps, each of which has a `main` beside ours. */
export const processes = ['standalone', 'ca', 'enrollment', 'responder', 'gateway'] as const;
export type ProcessName = (typeof processes)[number];

/** Of the file that is run: built (`.js`), or the source in a test (`.ts`). */
const extension = path.extname(import.meta.filename);

const passed = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs another app in the foreground: its terminal and its exit code are ours. Signals are sent
 * on; where the terminal has sent Ctrl-C to both, the services take the second one for the same keystroke. Throws PROCESS_MISSING.
 */
export async function runProcess(name: ProcessName, args: readonly string[], configFile?: string): Promise<number> {
  const main = path.resolve(import.meta.dirname, '..', '..', '..', name, 'src', `main${extension}`);
  if (!existsSync(main)) {
    throw new CliError('PROCESS_MISSING', `there is no ${name} in this build`, { hint: 'Build it: npm run build.' });
  }
  const child = spawn(process.execPath, [...process.execArgv, main, ...args], {
    stdio: 'inherit',
    env: { ...environmentOfProcesses(), ...(configFile !== undefined && { TOUCHMARK_CONFIG: configFile }) },
  });
  const pass = (signal: NodeJS.Signals): void => {
    child.kill(signal);
  };
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  for (const signal of passed) process.on(signal, pass);
  child.once('error', reject);
  child.once('exit', (code) => resolve(code ?? ExitCode.interrupted));
  try {
    return await promise;
  } finally {
    for (const signal of passed) process.off(signal, pass);
  }
}
