import type { Certificate } from '@touchmark/x509';
import { type Command, Option } from 'commander';
import { readCertificates } from '../certificates.js';
import { CliError } from '../cli-error.js';
import type { Cli } from '../cli.js';
import { certificateFacts, certificateFields } from '../describe-certificate.js';
import { DeviceFolder, type KeyType, parseKey } from '../device/device-folder.js';
import { enrollDevice, idevidProof } from '../device/enroll.js';
import { renewDevice } from '../device/renew.js';
import { readBytes, readTextFile } from '../files.js';
import { formatFields, formatTable, formatTime, formatValue } from '../format.js';
import type { ConnectionOptions } from '../profile.js';
import type { Resource } from '../service/api.js';
import type { EstProof } from '../service/est.js';
import { findDevice } from '../service/find-device.js';
import { callsApi, callsEst, does, fromEnvironment, group, leaf, type Limit, lists, type Runner } from './command.js';
import { column, printPage, resourceFields, timeColumn } from './printing.js';
import { lifeCommands, statusCommands } from './status.js';
import { variables } from '../config.js';

const states = ['registered', 'provisioned', 'active', 'suspended', 'revoked', 'retired'];
const EVENTS = 10;
const SEARCH =
  'Sorted by deviceSerial. Where there are more than --limit, which of them are shown is left to the service, which goes by deviceRef.';

interface Local extends ConnectionOptions {
  readonly dir: string;
  readonly label?: string;
  readonly keyType: KeyType;
}

export function deviceCommands(program: Command, runner: Runner): void {
  const devices = group(program, 'device', 'Devices: what the service knows of them, and what they do themselves');

  const list = lists(
    leaf(devices, 'list', 'Search devices', SEARCH, [
      'device list --state active --model demo-sensor',
      'device list --serial-prefix demo- --json',
    ]),
  )
    .option('--model <name>', 'of one model')
    .addOption(new Option('--state <state>', 'in one state').choices(states))
    .option('--batch <id>', 'of one batch')
    .option('--serial-prefix <text>', 'beginning of the deviceSerial');
  type Search = ConnectionOptions & Limit & { model?: string; state?: string; batch?: string; serialPrefix?: string };
  does<Search>(callsApi(list), runner, async (cli, options) => {
    const { model, state, batch: batchId, serialPrefix: deviceSerialPrefix } = options;
    const api = await cli.api(options);
    const found = await api.list('/v1/devices', 'after', options.limit, { model, state, batchId, deviceSerialPrefix });
    const page = { ...found, items: found.items.toSorted(byDeviceSerial) };
    const columns = [
      column('deviceSerial', 'serial'),
      column('model'),
      column('state'),
      timeColumn('lastSeenAt', 'last seen'),
      column('deviceRef', 'deviceRef'),
    ];
    printPage(cli, page, 'device', columns);
  });

  const show = leaf(
    devices,
    'show <device>',
    'Show a device, its certificates and what happened to it',
    'DEVICE is a deviceSerial, MODEL/SERIAL or a deviceRef.',
    ['device show demo-1'],
  );
  does<ConnectionOptions>(callsApi(show), runner, async (cli, options, text) => {
    const api = await cli.api(options);
    const device = await findDevice(api, text);
    const path = `/v1/devices/${String(device['deviceRef'])}`;
    const certificates = (await api.list(`${path}/certificates`, 'after', 1)).items;
    const events = (await api.list(`${path}/events`, 'before', EVENTS)).items;
    cli.out.result({ device, certificates, events }, () => describeDevice(device, certificates, events));
  });

  localCommands(devices, runner);
  statusCommands(devices, runner);
  lifeCommands(devices, runner);
}

/** As the octets are: the same everywhere. */
function byDeviceSerial(a: Resource, b: Resource): number {
  const [first, second] = [a, b].map(({ deviceSerial }) => String(deviceSerial));
  return Buffer.compare(Buffer.from(first ?? ''), Buffer.from(second ?? ''));
}

/** What a device does, with files of its own. */
function localCommands(devices: Command, runner: Runner): void {
  const enroll = local(
    leaf(
      devices,
      'enroll',
      'Make a key here and enrol it over EST',
      'Writes device.key (mode 0600, never overwritten) and device.pem (certificate and issuing CA) once what came back is known to be for this key and to lead to the root. After a lost answer run it again: the same key gets the same certificate.',
      [
        'device enroll --token-file demo-1.token --dir ./demo-1',
        'device enroll --idevid-cert unit-1.pem --idevid-key unit-1.key --dir ./unit-1',
      ],
    ),
  )
    .addOption(
      fromEnvironment(
        '--token <secret>',
        'enrollment token; other users of this machine can read command lines',
        variables.enrollmentToken,
      ),
    )
    .option('--token-file <file>', 'enrollment token')
    .option('--idevid-cert <file>', 'certificate from the factory, PEM or DER')
    .option('--idevid-key <file>', 'its key, PEM');
  does<Local & Bootstrap>(callsEst(enroll), runner, async (cli, options) => {
    const folder = new DeviceFolder(options.dir);
    const proof = await bootstrapProof(cli, options);
    const service = await estService(cli, options);
    const certificates = await enrollDevice(folder, service, proof, {
      keyType: options.keyType,
      now: cli.machine.now(),
    });
    printChain(cli, folder, 'enrolled', certificates, 'Enrolled.');
  });

  const renew = local(
    leaf(
      devices,
      'renew',
      'Replace the certificate here, with a new key',
      'Safe to be killed anywhere and run again. The old certificate stays good until it ends; with --same-key the service gives a new one only once the renewal window is open.',
      ['device renew --dir ./demo-1'],
    ),
  ).option('--same-key', 'keep the key');
  does<Local & { sameKey?: boolean }>(callsEst(renew), runner, async (cli, options) => {
    const folder = new DeviceFolder(options.dir);
    const { sameKey = false, keyType } = options;
    const service = await estService(cli, options);
    const { certificates, outcome } = await renewDevice(folder, service, { sameKey, keyType, now: cli.machine.now() });
    const sentences = {
      renewed: 'Renewed.',
      finished: 'Finished the renewal that was cut short.',
      unchanged: 'Unchanged: the renewal window is not open yet.',
    };
    printChain(cli, folder, outcome, certificates, sentences[outcome]);
  });
}

function local(command: Command): Command {
  return command
    .option('--dir <folder>', 'where device.key and device.pem lie', '.')
    .option('--label <label>', 'EST label of the enrollment policy')
    .addOption(new Option('--key-type <type>', 'kind of a new key').choices(['p256', 'ed25519']).default('p256'));
}

async function estService(cli: Cli, { label, ...options }: Local) {
  const { tokenFile: _ofTheDevice, ...connection } = options;
  const { estUrl: url, ca } = await cli.profile(connection);
  return { url, ca, label };
}

interface Bootstrap {
  readonly token?: string;
  readonly tokenFile?: string;
  readonly idevidCert?: string;
  readonly idevidKey?: string;
}

async function bootstrapProof(cli: Cli, options: Bootstrap): Promise<EstProof> {
  const { token, tokenFile, idevidCert, idevidKey } = options;
  const given = [token, tokenFile, idevidCert ?? idevidKey].filter((one) => one !== undefined).length;
  const secret = given === 0 ? cli.machine.environment.enrollmentToken : token;
  if (given > 1 || (given === 0 && secret === undefined) || (idevidCert === undefined) !== (idevidKey === undefined)) {
    throw new CliError('USAGE', 'a device proves itself in one way', {
      hint: '--token-file FILE or --token SECRET, or --idevid-cert FILE with --idevid-key FILE.',
    });
  }
  if (idevidCert !== undefined && idevidKey !== undefined) {
    const certificates = readCertificates(await readBytes(idevidCert), idevidCert);
    return idevidProof(certificates, parseKey(await readTextFile(idevidKey), idevidKey));
  }
  return { kind: 'token', token: (secret ?? (await readTextFile(tokenFile ?? ''))).trim() };
}

function printChain(
  cli: Cli,
  folder: DeviceFolder,
  outcome: string,
  certificates: readonly Certificate[],
  sentence: string,
): void {
  const [own] = certificates;
  if (!own) throw new TypeError('a chain has a certificate');
  const facts = certificateFacts(own);
  const { keyFile, chainFile } = folder;
  cli.out.result({ outcome, certificate: facts, keyFile, chainFile }, () =>
    [sentence, '', formatFields([...certificateFields(facts), ['key file', keyFile], ['chain file', chainFile]])].join(
      '\n',
    ),
  );
}

function describeDevice(device: Resource, certificates: readonly Resource[], events: readonly Resource[]): string {
  const parts = [resourceFields(device)];
  if (certificates.length > 0) {
    const columns = [
      column('serialNumber', 'certificate'),
      column('profile'),
      column('status'),
      timeColumn('notAfter', 'ends'),
      timeColumn('renewAfter', 'renew after'),
      timeColumn('seenAt', 'first seen'),
    ];
    parts.push(formatTable(certificates, columns));
  }
  const what = events.map(({ at, event, actor, toState }) =>
    [formatTime(at), formatValue(event), `→ ${formatValue(toState)}`, `by ${formatValue(actor)}`].join('  '),
  );
  if (what.length > 0) parts.push(what.join('\n'));
  return parts.join('\n\n');
}
