import path from 'node:path';
import { KeysError, readSecretFile, writeSecretFile } from '@touchmark/keys';
import { EnrollmentError } from '../../enrollment/src/enrollment-error.js';
import { AccessTokenRegistry } from '../../enrollment/src/access/access-tokens.js';
import { EnrollmentPolicies } from '../../enrollment/src/registry/enrollment-policies.js';
import { Factories } from '../../enrollment/src/registry/factories.js';
import { Models } from '../../enrollment/src/registry/models.js';
import type { Config } from './config.js';

const YEAR = 365 * 86_400;
const DAY = 86_400;

/** What a use case is looked up in: the running Nest application. */
export interface UseCases {
  get<T>(type: new (...parts: never[]) => T): T;
}

/** A model, a policy and a factory to try things with; what is there already is left alone. */
export async function makeDemoRegistry(useCases: UseCases, config: Config): Promise<void> {
  await unlessThere(() =>
    useCases.get(EnrollmentPolicies).create({
      name: 'default',
      label: null,
      bootstrap: ['token', 'idevid'],
      lifetime: 30 * DAY,
      suspendOnFork: false,
      revokeReplaced: false,
      pseudonymous: false,
      keyAlgorithm: 'EC P-256',
      models: [],
    }),
  );
  await unlessThere(() =>
    useCases.get(Models).create({ name: 'demo-sensor', organization: config.organization, policies: ['default'] }),
  );
  await unlessThere(() => useCases.get(Factories).create('demo-factory'));
}

/** Whether an admin's token was ever written, be it usable or not. */
export function hasAdminToken(secrets: string): Promise<boolean> {
  return readSecretFile(tokenFileIn(secrets)).then(
    () => true,
    (error: unknown) => {
      if (error instanceof KeysError && error.code === 'SECRET_FILE_MISSING') return false;
      throw error;
    },
  );
}

const tokenFileIn = (secrets: string): string => path.join(secrets, 'admin.token');

/** The admin's access token, in a file that only this user may read; made when there is none that still lives. */
export async function adminTokenFile(useCases: UseCases, secrets: string, now: number): Promise<string> {
  const file = tokenFileIn(secrets);
  if (await readSecretFile(file).then(stillLives(now), () => false)) return file;
  const { token } = await useCases
    .get(AccessTokenRegistry)
    .mint({ sub: 'first-admin', roles: ['admin'], validUntil: now + YEAR }, 'standalone');
  await writeSecretFile(file, Buffer.from(`${token}\n`), { replace: true });
  return file;
}

/** Whether a token has more than a month to go. The service itself judges its signature; here it only decides on a new one. */
const stillLives =
  (now: number) =>
  (token: Uint8Array): boolean => {
    const claims = Buffer.from(token).toString('latin1').split('.')[1] ?? '';
    const { exp }: { exp?: unknown } = JSON.parse(Buffer.from(claims, 'base64url').toString('utf8'));
    return typeof exp === 'number' && exp > now + 30 * DAY;
  };

async function unlessThere(make: () => Promise<unknown>): Promise<void> {
  try {
    await make();
  } catch (error) {
    const there =
      error instanceof EnrollmentError &&
      ['POLICY_EXISTS', 'LABEL_TAKEN', 'MODEL_EXISTS', 'FACTORY_EXISTS'].includes(error.code);
    if (!there) throw error;
  }
}
