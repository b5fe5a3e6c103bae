import { spawnSync } from 'node:child_process';

/** Runs the npm that runs us, else the one of PATH; answers its standard output. */
export function npm(args, options) {
  const cli = process.env.npm_execpath?.endsWith('npm-cli.js') ? process.env.npm_execpath : undefined;
  const [command, first] = cli === undefined ? ['npm', []] : [process.execPath, [cli]];
  const { status, stdout, stderr, error } = spawnSync(command, [...first, ...args], { encoding: 'utf8', ...options });
  if (status !== 0) throw new Error(`npm ${args.join(' ')}: ${error?.message ?? stderr}`);
  return stdout;
}
