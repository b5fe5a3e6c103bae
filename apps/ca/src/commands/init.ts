import { isIP } from 'node:net';
import path from 'node:path';
import { writeFile } from 'node:fs/promises';
import { CredentialFolder, hasDatabaseUrl, readDatabaseUrl, writeDatabaseUrl } from '@touchmark/credentials';
import { canLogIn, createRole, processRoles } from '@touchmark/store';
import { encodePem } from '@touchmark/x509';
import { requireKeys } from '../authorities/require-keys.js';
import type { Ca } from '../ca.js';
import { openCaService } from '../ca-service.js';
import type { OwnerConfig } from '../config.js';
import { issueCredential } from '../signers/issue-credential.js';
import type { CommandContext } from './command.js';
import { migrateDatabase } from './migrate.js';

/**
 * Everything that the processes start from: schemas and roles, the hierarchy, and a folder of secrets for each process. What is there
 * already is kept, so it may be run again, and goes on where it broke off. Throws UsageError where the folder is not that of the
 * database.
 */
export async function init(context: CommandContext<OwnerConfig>): Promise<void> {
  const { config, clock, print } = context;
  const { secretsFolder, publicHttpUrl, evaluation, organization, realm } = config;
  const folderOf = (name: string): string => path.join(secretsFolder, name);
  await migrateDatabase(context);
  await requireKeys(config.databaseUrl, folderOf('ca'));
  await makeRoles(context, folderOf);
  const service = await openCaService({
    ...context,
    databaseUrl: await readDatabaseUrl(folderOf('ca')),
    issuingKeys: folderOf('ca'),
    newHierarchy: { rootKeys: folderOf('root'), organization, publicHttpUrl, evaluation, realm },
    settings: config.ca,
    now: clock.now,
  });
  try {
    for (const name of processRoles) await makeCredentials(service.ca, folderOf(name), name, context);
    const root = path.join(secretsFolder, 'root.pem');
    await writeFile(root, encodePem('CERTIFICATE', service.ca.rootCertificate()));
    print(`Secrets of each process: ${processRoles.map(folderOf).join(', ')}.`);
    print(
      `Root certificate: ${root}. Its key lies in ${folderOf('root')}, beside the key that opens it: who has that folder is the root. Move it to an offline place.`,
    );
    print(`The first admin's token will be in ${folderOf('enrollment')}/admin.token once enrollment has started.`);
  } finally {
    await service.close();
  }
}

/** A role that can log in keeps its password: its process may be running. */
async function makeRoles(
  { config, randomBytes }: CommandContext<OwnerConfig>,
  folderOf: (name: string) => string,
): Promise<void> {
  const { databaseUrl, databaseRolePrefix: prefix } = config;
  for (const role of processRoles) {
    const folder = folderOf(role);
    // makes the folder
    await CredentialFolder.open(folder, randomBytes);
    if ((await hasDatabaseUrl(folder)) && (await canLogIn(await readDatabaseUrl(folder)))) continue;
    await writeDatabaseUrl(folder, await createRole(databaseUrl, role, { prefix, randomBytes }));
  }
}

async function makeCredentials(
  ca: Ca,
  folder: string,
  name: (typeof processRoles)[number],
  { config, randomBytes }: CommandContext<OwnerConfig>,
): Promise<void> {
  const { realm, serverNames } = config;
  const credentials = await CredentialFolder.open(folder, randomBytes);
  await credentials.writeAnchors('root', [ca.rootCertificate()]);
  await credentials.writeAnchors('infrastructure', ca.infrastructureCertificates());
  if (!(await credentials.has('service'))) {
    await issueCredential(ca, credentials, 'service', { profile: 'service', name, fields: { realm, name } });
  }
  if (name === 'ca' || (await credentials.has('tls-server'))) return;
  await issueCredential(ca, credentials, 'tls-server', {
    profile: 'tls-server',
    name: serverNames[0] ?? '',
    fields: {
      dnsNames: serverNames.filter((one) => isIP(one) === 0),
      ipAddresses: serverNames.filter((one) => isIP(one) !== 0),
    },
  });
}
