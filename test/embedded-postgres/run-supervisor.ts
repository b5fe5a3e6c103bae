import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';

export const repository = path.resolve(import.meta.dirname, '..', '..');

export interface Supervisor {
  url: string;
  /** SIGKILL, as often as wanted. */
  kill(): Promise<void>;
}

/** Starts `supervisor.ts` as a process of its own, under the plain Node.js that runs the tests. */
export async function runSupervisor(args: string[], root = repository): Promise<Supervisor> {
  const folder = path.join(root, 'test', 'embedded-postgres');
  const child = spawn(
    process.execPath,
    ['--import', path.join(folder, 'typescript-hooks.mjs'), path.join(folder, 'supervisor.ts'), ...args],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const line = await firstLine(child);
  const { url }: { url: string } = JSON.parse(line);
  return {
    url,
    kill: async () => {
      if (child.signalCode === null && child.kill('SIGKILL')) await once(child, 'exit');
    },
  };
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new TypeError('stdout is a pipe');
  for await (const line of createInterface(child.stdout)) return line;
  throw new Error('the supervisor ended without a word');
}
