import { createHash } from 'node:crypto';
import { readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { CliError } from './cli-error.js';
import type { Environment } from './config.js';
import { readTextFile } from './files.js';

/** Options of every command that speaks with the service. */
export interface ConnectionOptions {
  readonly url?: string;
  readonly estUrl?: string;
  readonly statusUrl?: string;
  readonly ca?: string;
  readonly tokenFile?: string;
  readonly dataFolder?: string;
}

export interface Surroundings {
  readonly environment: Environment;
  readonly cwd: string;
  readonly cloneRoot: string;
  /** Of this user; undefined where there is no such thing. */
  readonly uid: number | undefined;
}

/** Where the service is, whom to trust for it, and how to prove who we are. */
export interface Profile {
  /** `https://host:port`, of the REST API. */
  readonly url: string;
  /** `https://host:port`, of EST. */
  readonly estUrl: string;
  /** `http://host:port` or `https://host:port`, of OCSP, CRLs and status. */
  readonly statusUrl: string;
  /** PEM of the root: the only trust anchor. */
  readonly ca: string;
  readonly token?: string | undefined;
}

/** A service that keeps its data on this machine. */
interface LocalService {
  readonly folder: string;
  readonly endpoints: z.infer<typeof Endpoints>;
}

const Endpoints = z.object({ admin: z.url(), device: z.url(), public: z.url() });
/** Where a service with standard ports is. */
const standard = { admin: 'https://localhost:8445', device: 'https://localhost:8443', public: 'http://localhost:8080' };

/**
 * Options win over the environment, that over what a service on this machine left in its data folder. The root and the token of a
 * local service are for its own addresses alone: another service is asked for with another root and another token.
 */
export async function resolveProfile(options: ConnectionOptions, where: Surroundings): Promise<Profile> {
  const { environment } = where;
  const url = options.url ?? environment.url;
  const estUrl = options.estUrl ?? environment.estUrl;
  const caFile = options.ca ?? environment.ca;
  const local = await findLocalService(options.dataFolder ?? environment.dataFolder, where);
  if (!local && [url, estUrl, caFile].every((given) => given === undefined)) throw noProfile();
  const here =
    local && isMeant(url, local.endpoints.admin) && isMeant(estUrl, local.endpoints.device) ? local : undefined;
  const endpoints = here?.endpoints ?? standard;
  return {
    url: secureOrigin(url ?? (here ? endpoints.admin : beside(estUrl, endpoints.admin))),
    estUrl: secureOrigin(estUrl ?? (here ? endpoints.device : beside(url, endpoints.device))),
    statusUrl: origin(
      options.statusUrl ?? environment.statusUrl ?? (here ? endpoints.public : beside(url ?? estUrl, endpoints.public)),
    ),
    ca: await readRoot(caFile, here),
    token: await readToken(options, environment, here),
  };
}

/** Whether an address that was given, if any, is that of the local service. */
const isMeant = (given: string | undefined, own: string): boolean =>
  given === undefined || plainOrigin(given) === plainOrigin(own);

/** This machine has several names. */
function plainOrigin(url: string): string {
  const { protocol, hostname, port } = new URL(origin(url));
  return `${protocol}//${['127.0.0.1', '[::1]'].includes(hostname) ? 'localhost' : hostname}:${port}`;
}

/** The token, for a command that cannot do without. */
export function tokenOf({ token }: Profile): string {
  if (token !== undefined) return token;
  throw new CliError('TOKEN_MISSING', 'there is no access token', {
    hint: 'Give --token-file FILE, or set TOUCHMARK_TOKEN_FILE. On the machine of the service, run as the user who started it.',
  });
}

/** The data folder of a service on this machine; undefined where there is none. */
async function findLocalService(chosen: string | undefined, where: Surroundings): Promise<LocalService | undefined> {
  const candidates = chosen === undefined ? await usualFolders(where) : [path.resolve(where.cwd, chosen)];
  for (const folder of candidates) {
    if (!(await isOwn(folder, where.uid)) || !(await exists(path.join(folder, 'root.pem')))) continue;
    return { folder, endpoints: await readEndpoints(folder) };
  }
  if (chosen === undefined) return undefined;
  throw new CliError('PROFILE_MISSING', `${chosen} is no data folder of yours with a root.pem in it`, {
    hint: 'Start the service once (npm start) as this user, or name the folder that it printed.',
  });
}

/**
 * Where the service of our own clone keeps its data, and where root's goes when the clone is closed to others. Never by the folder that
 * we stand in: it may be of a repository from somebody else, who would say whom we trust and be told our token.
 */
const usualFolders = async ({ cloneRoot }: Surroundings): Promise<string[]> => [
  path.join(cloneRoot, '.touchmark'),
  await substituteFolder(cloneRoot),
];

/** As libs/store computes it, which is too large to be loaded for that; a test compares the two. */
export async function substituteFolder(cloneRoot: string): Promise<string> {
  const hash = createHash('sha256')
    .update(await realpath(cloneRoot))
    .digest('hex');
  return path.join('/var/lib/touchmark', hash.slice(0, 16));
}

/** Somebody else's folder must not say whom we trust, nor one into which somebody else may write. */
async function isOwn(folder: string, uid: number | undefined): Promise<boolean> {
  const status = await stat(folder).catch(() => undefined);
  if (!status?.isDirectory()) return false;
  return uid === undefined || (status.uid === uid && (status.mode & 0o022) === 0);
}

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );

async function readEndpoints(folder: string): Promise<z.infer<typeof Endpoints>> {
  const text = await readFile(path.join(folder, 'endpoints.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return standard;
  try {
    return Endpoints.parse(JSON.parse(text));
  } catch (cause) {
    throw new CliError(
      'FILE_MALFORMED',
      `${folder}/endpoints.json is not what the service writes`,
      { hint: 'Start the service again.' },
      cause,
    );
  }
}

async function readRoot(file: string | undefined, local: LocalService | undefined): Promise<string> {
  if (file !== undefined) return readTextFile(file);
  if (local) return readTextFile(path.join(local.folder, 'root.pem'));
  throw new CliError('PROFILE_MISSING', 'there is no root certificate to trust', {
    hint: 'Give --ca FILE, or set TOUCHMARK_CA: the root certificate in PEM, from the operator of the service.',
  });
}

async function readToken(
  options: ConnectionOptions,
  environment: Environment,
  local: LocalService | undefined,
): Promise<string | undefined> {
  if (options.tokenFile !== undefined) return trimmed(await readTextFile(options.tokenFile));
  if (environment.token !== undefined) return trimmed(environment.token);
  if (environment.tokenFile !== undefined) return trimmed(await readTextFile(environment.tokenFile));
  if (!local) return undefined;
  return readFile(path.join(local.folder, 'secrets', 'admin.token'), 'utf8').then(trimmed, () => undefined);
}

const trimmed = (text: string): string => text.trim();

function origin(url: string): string {
  try {
    return new URL(url).origin;
  } catch (cause) {
    throw new CliError('USAGE', `${url} is no URL`, { hint: 'Write it as https://host:port.' }, cause);
  }
}

/** Tokens and keys go there: never in clear. */
function secureOrigin(url: string): string {
  const text = origin(url);
  if (text.startsWith('https://')) return text;
  throw new CliError('USAGE', `${url} is no https address`, { hint: 'Write it as https://host:port.' });
}

/** The same host, with the port that it has by default. */
function beside(url: string | undefined, standardUrl: string): string {
  if (url === undefined) return standardUrl;
  const given = new URL(origin(url));
  const made = new URL(standardUrl);
  made.hostname = given.hostname;
  return made.href;
}

const noProfile = (): CliError =>
  new CliError('PROFILE_MISSING', 'no service is known', {
    hint: 'Start one here (npm start), or say where it is: --url https://host:8445 --ca root.pem --token-file FILE.',
  });
