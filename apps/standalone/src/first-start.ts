import { writeSecretFile } from '@touchmark/keys';
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

/**
 * Writes a new admin's access token into a file that only this user may read, where no admin has one that is good for another
 * month, or where `renew` asks for it. A file that somebody put away stays away.
 */
export async function writeAdminToken(
  useCases: UseCases,
  { file, live, renew, now }: { file: string; live: number; renew: boolean; now: number },
): Promise<void> {
  if (live > 0 && !renew) return;
  const { token } = await useCases
    .get(AccessTokenRegistry)
    .mint({ sub: 'first-admin', roles: ['admin'], validUntil: now + YEAR }, 'standalone');
  await writeSecretFile(file, Buffer.from(`${token}\n`), { replace: true });
}

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
