import { type Command, Option } from 'commander';
import type { Cli } from '../cli.js';
import { ensureWritable, writeNewSecret } from '../files.js';
import { formatTime } from '../format.js';
import { durationOption } from '../option-values.js';
import type { ConnectionOptions } from '../profile.js';
import type { Resource } from '../service/api.js';
import { findDevice } from '../service/find-device.js';
import { callsApi, does, group, leaf, type Limit, lists, type Runner } from './command.js';
import { column, printPage, resourceFields, timeColumn } from './printing.js';

type Listing = ConnectionOptions & Limit;
type Secret = ConnectionOptions & { validFor: number; out?: string };
const roles = ['admin', 'security-admin', 'auditor', 'factory', 'gateway'];

export function tokenCommands(program: Command, runner: Runner): void {
  const tokens = group(program, 'token', 'Access tokens of people and machines, and enrollment tokens of devices');

  const create = secret(
    leaf(
      tokens,
      'create',
      'Make an access token',
      'It is shown once. With --out it goes into a file that only you may read, and is not shown.',
      ['token create --sub line-1 --role factory --factory demo-factory --valid-for 30d --out line-1.token'],
    ),
    '30d',
  )
    .requiredOption('--sub <name>', 'the person or machine that it is for')
    .addOption(new Option('--role <role...>', 'what it may do').choices(roles).makeOptionMandatory())
    .option('--factory <name>', 'with the role factory: whose batches');
  does<Secret & { sub: string; role: string[]; factory?: string }>(callsApi(create), runner, async (cli, options) => {
    const { sub, role, factory, validFor } = options;
    const validUntil = cli.machine.now() + validFor;
    if (options.out !== undefined) await ensureWritable(options.out);
    const made = await (await cli.api(options)).post('/v1/access-tokens', { sub, roles: role, factory, validUntil });
    const { jti, ...rest } = made;
    await printSecret(cli, { id: jti, ...rest, sub, roles: role, validUntil }, 'token', options.out);
  });

  const list = leaf(tokens, 'list', 'List access tokens, newest first', '', ['token list']);
  does<Listing>(callsApi(lists(list)), runner, async (cli, options) => {
    const listed = await (await cli.api(options)).list('/v1/access-tokens', 'before', options.limit);
    const page = { ...listed, items: listed.items.map(({ jti, ...rest }) => ({ id: jti, ...rest })) };
    const columns = [
      column('id'),
      column('sub'),
      column('roles'),
      column('factory'),
      timeColumn('validUntil', 'valid until'),
      column('revoked'),
    ];
    printPage(cli, page, 'access token', columns);
  });

  const revoke = leaf(tokens, 'revoke <id>', 'Revoke an access token; the next request with it is refused', '', [
    'token revoke 019abf3e-6f00-7000-8000-000000000001',
  ]);
  does<ConnectionOptions>(callsApi(revoke), runner, async (cli, options, id) => {
    await (await cli.api(options)).post(`/v1/access-tokens/${encodeURIComponent(id)}/revocation`);
    cli.out.result({ id, revoked: true }, () => `Revoked the access token ${id}.`);
  });

  enrollmentTokenCommands(group(tokens, 'enrollment', 'Enrollment tokens: each lets one device in once'), runner);
}

function enrollmentTokenCommands(tokens: Command, runner: Runner): void {
  const create = secret(
    leaf(
      tokens,
      'create',
      'Make a token with which one device may enrol',
      'Its secret is shown once. With --out it goes into a file that only you may read, and is not shown.',
      ['token enrollment create --model demo-sensor --serial demo-1 --valid-for 1h --out demo-1.token'],
    ),
    '1h',
  )
    .requiredOption('--model <name>', 'model of the device')
    .requiredOption('--serial <deviceSerial>', 'the device')
    .option('--policy <name>', 'enrollment policy', 'default');
  does<Secret & { policy: string; model: string; serial: string }>(callsApi(create), runner, async (cli, options) => {
    const { policy, model, serial: deviceSerial, validFor } = options;
    const validUntil = cli.machine.now() + validFor;
    if (options.out !== undefined) await ensureWritable(options.out);
    const made = await (
      await cli.api(options)
    ).post('/v1/enrollment-tokens', { policy, model, deviceSerial, validUntil });
    await printSecret(cli, made, 'secret', options.out);
  });

  const list = leaf(tokens, 'list', 'List enrollment tokens, newest first', '', [
    'token enrollment list --device demo-1',
  ]).option('--device <device>', 'those of one device');
  does<Listing & { device?: string }>(callsApi(lists(list)), runner, async (cli, options) => {
    const api = await cli.api(options);
    const deviceRef =
      options.device === undefined ? undefined : String((await findDevice(api, options.device))['deviceRef']);
    const page = await api.list('/v1/enrollment-tokens', 'before', options.limit, { deviceRef });
    const columns = [
      column('id'),
      column('model'),
      column('deviceSerial', 'serial'),
      column('policy'),
      timeColumn('validUntil', 'valid until'),
      column('used'),
      column('revoked'),
    ];
    printPage(cli, page, 'enrollment token', columns);
  });

  const revoke = leaf(tokens, 'revoke <id>', 'Revoke an enrollment token; what was issued on it stays', '', [
    'token enrollment revoke 019abf3e-6f00-7000-8000-000000000001',
  ]);
  does<ConnectionOptions>(callsApi(revoke), runner, async (cli, options, id) => {
    await (await cli.api(options)).post(`/v1/enrollment-tokens/${encodeURIComponent(id)}/revocation`);
    cli.out.result({ id, revoked: true }, () => `Revoked the enrollment token ${id}.`);
  });
}

function secret(command: Command, validFor: string): Command {
  return command
    .addOption(durationOption('--valid-for <duration>', 'how long it is good', validFor))
    .option('--out <file>', 'write the secret there (mode 0600) instead of showing it');
}

/** The one time that a secret is seen. A file is written before anything is printed: the service does not show it again. */
async function printSecret(
  cli: Cli,
  made: Resource,
  member: 'token' | 'secret',
  file: string | undefined,
): Promise<void> {
  const { [member]: value, ...rest } = made;
  if (file === undefined) {
    cli.out.result(made, () => `${resourceFields(rest)}\n\n${String(value)}`);
    cli.out.note('This is the only time that it is shown.');
    return;
  }
  await writeNewSecret(file, `${String(value)}\n`);
  cli.out.result({ ...rest, file }, () => `Written to ${file}; good until ${formatTime(rest['validUntil'])}.`);
}
