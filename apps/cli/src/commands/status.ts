import { revocationReasons } from '@touchmark/ca-port';
import { type Command, Option } from 'commander';
import { CliError } from '../cli-error.js';
import type { Cli } from '../cli.js';
import { time } from '../option-values.js';
import type { ConnectionOptions } from '../profile.js';
import type { Resource } from '../service/api.js';
import { findDevice } from '../service/find-device.js';
import { callsApi, does, leaf, type Runner } from './command.js';
import { resourceFields } from './printing.js';

type Target = ConnectionOptions & { certificate?: string };
type Hold = Target & { cause?: string };
type Revocation = Target & { reason?: string; since?: number };

const DEVICE = '[device]';
const DEVICES =
  'DEVICE is a deviceSerial, MODEL/SERIAL or a deviceRef. The answer comes once the change is durable; its place in the journal is (epoch, sequence).';

/** At the top, and in the group `device`, where they are looked for. */
export function statusCommands(parent: Command, runner: Runner): void {
  const within = parent.name() === 'device' ? 'device ' : '';
  const revoke = target(
    leaf(parent, `revoke ${DEVICE}`, 'Revoke a device and all its certificates, for ever', DEVICES, [
      `${within}revoke demo-1 --reason keyCompromise`,
      `${within}revoke --certificate 54000000010000017b1c2d3e4f506172`,
    ]),
  )
    .addOption(new Option('--reason <reason>', 'reason of RFC 5280').choices(revocationReasons))
    .option('--since <time>', 'when the key became unsafe', time);
  does<Revocation>(callsApi(revoke), runner, async (cli, options, device) => {
    const { reason, since: invalidityDate } = options;
    await change(cli, options, device, 'revocation', { reason, invalidityDate }, 'Revoked');
  });

  const suspend = target(
    leaf(parent, `suspend ${DEVICE}`, 'Suspend a device until it is released', DEVICES, [
      `${within}suspend demo-1 --cause inspection`,
    ]),
  ).option('--cause <cause>', 'holds are counted by cause: releasing one leaves the others');
  does<Hold>(callsApi(suspend), runner, async (cli, options, device) => {
    await change(cli, options, device, 'suspension', { cause: options.cause }, 'Suspended');
  });

  const release = target(
    leaf(parent, `release ${DEVICE}`, 'Take a suspension away', DEVICES, [
      `${within}release demo-1 --cause inspection`,
    ]),
  ).option('--cause <cause>', 'the cause that was given when it was suspended');
  does<Hold>(callsApi(release), runner, async (cli, options, device) => {
    await change(cli, options, device, 'release', { cause: options.cause }, 'Released');
  });
}

/** Ends and beginnings of a device's life, for the group `device`. */
export function lifeCommands(devices: Command, runner: Runner): void {
  const retire = leaf(devices, 'retire <device>', 'End the life of a device in good standing', '', [
    'device retire demo-1',
  ]);
  does<Target>(callsApi(retire), runner, (cli, options, device) =>
    change(cli, options, device, 'retirement', {}, 'Retired'),
  );
  const again = leaf(
    devices,
    'recommission <device>',
    'Let the hardware of a revoked or retired device start over',
    'It begins a new generation; nothing of the old one becomes valid again.',
    ['device recommission demo-1'],
  );
  does<Target>(callsApi(again), runner, (cli, options, device) =>
    change(cli, options, device, 'recommissioning', {}, 'Recommissioned'),
  );
}

function target(command: Command): Command {
  return command.option(
    '--certificate <serialNumber>',
    'one certificate, by its serialNumber in hex, instead of a device',
  );
}

async function change(
  cli: Cli,
  options: Target,
  device: string | undefined,
  act: string,
  body: object,
  done: string,
): Promise<void> {
  const { certificate } = options;
  if ((device === undefined) === (certificate === undefined)) {
    throw new CliError('USAGE', 'either a device or --certificate is needed', {
      hint: 'A device by its deviceSerial, MODEL/SERIAL or deviceRef; a certificate by its serialNumber.',
    });
  }
  const api = await cli.api(options);
  const where =
    certificate === undefined
      ? `devices/${String((await findDevice(api, device ?? ''))['deviceRef'])}`
      : `certificates/${encodeURIComponent(certificate.replaceAll(/[:\s]/g, ''))}`;
  const changed = await api.post(`/v1/${where}/${act}`, body);
  const what = certificate === undefined ? device : `certificate ${certificate}`;
  cli.out.result(changed, () => `${done} ${what}.\n\n${resourceFields(withPosition(changed))}`);
}

/** The position as one, for people. */
function withPosition({ epoch, sequence, ...rest }: Resource): Resource {
  return { position: `(${String(epoch)}, ${String(sequence)})`, ...rest };
}
