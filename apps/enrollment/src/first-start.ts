import { writeSecretFile } from '@touchmark/keys';
import { countAdminTokens, type Queryable } from '@touchmark/store';
import { EnrollmentError } from './enrollment-error.js';
import { AccessTokenRegistry } from './access/access-tokens.js';
import { EnrollmentPolicies } from './registry/enrollment-policies.js';
import { Factories } from './registry/factories.js';
import { Models } from './registry/models.js';

const YEAR = 365 * 86_400;
const DAY = 86_400;

/** What a use case is looked up in: the running Nest application. */
export interface UseCases {
  get<T>(type: new (...parts: never[]) => T): T;
}

export interface FirstStartOptions {
  /** Makes a registry to try things with, at the very first start. */
  readonly demoRegistry: boolean;
  readonly organization: string;
  /** Where the first admin's access token goes. */
  readonly adminToken: string;
  /** Makes an admin's token although there is one, for who lost it. */
  readonly newAdminToken: boolean;
  readonly now: number;
}

/** What a first start makes, and a later one where the first was cut short: the admin's token is the last thing. */
export async function finishFirstStart(useCases: UseCases, db: Queryable, options: FirstStartOptions): Promise<void> {
  const { demoRegistry, organization, adminToken: file, newAdminToken: renew, now } = options;
  const { made, live } = await countAdminTokens(db, now + 30 * DAY);
  if (demoRegistry && made === 0) await makeDemoRegistry(useCases, organization);
  await writeAdminToken(useCases, { file, live, renew, now });
}

/** A model, a policy and a factory to try things with; what is there already is left alone. */
async function makeDemoRegistry(useCases: UseCases, organization: string): Promise<void> {
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
  await unlessThere(() => useCases.get(Models).create({ name: 'demo-sensor', organization, policies: ['default'] }));
  await unlessThere(() => useCases.get(Factories).create('demo-factory'));
}

/**
 * Writes a new admin's access token into a file that only this user may read, where no admin has one that is good for another
 * month, or where `renew` asks for it. A file that somebody put away stays away.
 */
async function writeAdminToken(
  useCases: UseCases,
  { file, live, renew, now }: { file: string; live: number; renew: boolean; now: number },
): Promise<void> {
  if (live > 0 && !renew) return;
  const { token } = await useCases
    .get(AccessTokenRegistry)
    .mint({ sub: 'first-admin', roles: ['admin'], validUntil: now + YEAR }, 'first start');
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
