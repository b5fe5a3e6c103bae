import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

/** What the environment may say instead of options; an empty variable counts as not set. */
export interface Environment {
  readonly url?: string | undefined;
  readonly estUrl?: string | undefined;
  readonly statusUrl?: string | undefined;
  readonly ca?: string | undefined;
  readonly token?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly enrollmentToken?: string | undefined;
  readonly dataFolder?: string | undefined;
}

/** The variable of each setting; none of them is one of the service's, but the data folder. */
export const variables = {
  url: 'TOUCHMARK_URL',
  estUrl: 'TOUCHMARK_EST_URL',
  statusUrl: 'TOUCHMARK_STATUS_URL',
  ca: 'TOUCHMARK_CA',
  token: 'TOUCHMARK_TOKEN',
  tokenFile: 'TOUCHMARK_TOKEN_FILE',
  enrollmentToken: 'TOUCHMARK_ENROLLMENT_TOKEN',
  dataFolder: 'TOUCHMARK_DATA_FOLDER',
} as const satisfies Record<keyof Environment, string>;

export function readEnvironment(all: NodeJS.ProcessEnv): Environment {
  const variable = (name: string): string | undefined => all[name] || undefined;
  return {
    url: variable(variables.url),
    estUrl: variable(variables.estUrl),
    statusUrl: variable(variables.statusUrl),
    ca: variable(variables.ca),
    token: variable(variables.token),
    tokenFile: variable(variables.tokenFile),
    enrollmentToken: variable(variables.enrollmentToken),
    dataFolder: variable(variables.dataFolder),
  };
}

export const environment = readEnvironment(process.env);

/** For the processes that we start: all but what is ours alone, so that no secret of the command line reaches them. */
export function environmentOfProcesses(): NodeJS.ProcessEnv {
  const ours = new Set<string>(Object.values(variables));
  ours.delete(variables.dataFolder);
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.has(name)));
}

/** UTC seconds, and milliseconds for durations. */
export const clock = { now: (): number => Math.floor(Date.now() / 1000), nowMs: (): number => Date.now() };

export const freshBytes = (length: number): Uint8Array => new Uint8Array(randomBytes(length));

/** The clone's root: the nearest folder above with a package.json, for the built file in dist and for the source alike. */
export const cloneRoot = rootAbove(import.meta.dirname);

function rootAbove(folder: string): string {
  const parent = path.dirname(folder);
  return existsSync(path.join(folder, 'package.json')) || parent === folder ? folder : rootAbove(parent);
}

export const { version } = z
  .looseObject({ version: z.string() })
  .parse(JSON.parse(readFileSync(path.join(cloneRoot, 'package.json'), 'utf8')));
