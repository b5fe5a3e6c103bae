import { clock, cloneRoot, environment, freshBytes, version } from './config.js';
import { ExitCode } from './exit-codes.js';
import { run } from './run.js';

function watchInterruption(): AbortSignal {
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interruption.abort());
  return interruption.signal;
}

// a reader that has seen enough (head) is no failure
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(ExitCode.done);
});
process.exitCode = await run(process.argv.slice(2), {
  environment,
  cwd: process.cwd(),
  cloneRoot,
  uid: process.geteuid?.(),
  ...clock,
  freshBytes,
  isTerminal: process.stderr.isTTY,
  stdout: process.stdout,
  stderr: process.stderr,
  watchInterruption,
  version,
});
