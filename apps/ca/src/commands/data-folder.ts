import path from 'node:path';
import { type Environment, UsageError } from '@touchmark/server';

const OPTION = '--data-folder';

export interface OperatorsCall {
  readonly args: readonly string[];
  readonly environment: Environment;
}

/**
 * `--data-folder FOLDER` of a command that works beside a service of one process: its folder of secrets is the CA's, and has the URL
 * of its database while it runs.
 */
export function inDataFolder(args: readonly string[], environment: Environment): OperatorsCall {
  const at = args.findIndex((arg) => arg === OPTION || arg.startsWith(`${OPTION}=`));
  if (at === -1) return { args, environment };
  const joined = args[at]?.slice(OPTION.length + 1);
  const folder = args[at] === OPTION ? args[at + 1] : joined;
  if (folder === undefined || folder === '' || folder.startsWith('-')) throw new UsageError(`${OPTION} takes a folder`);
  return {
    args: args.toSpliced(at, args[at] === OPTION ? 2 : 1),
    // what else the shell has set is about another installation
    environment: { ...environment, TOUCHMARK_SECRETS_FOLDER: path.join(folder, 'secrets'), DATABASE_URL: undefined },
  };
}
