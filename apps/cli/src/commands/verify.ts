import { type Command, Option } from 'commander';
import { type PolicyErrorCode, readIdentity, VerifierError, type VerifierErrorCode } from '@touchmark/verifier';
import type { Certificate } from '@touchmark/x509';
import { judgePath, readCertificates } from '../certificates.js';
import type { Cli } from '../cli.js';
import { certificateFacts, certificateFields } from '../describe-certificate.js';
import { ExitCode } from '../exit-codes.js';
import { readBytes } from '../files.js';
import { formatDuration, formatFields, formatTime } from '../format.js';
import { durationOption, time } from '../option-values.js';
import type { ConnectionOptions } from '../profile.js';
import { fetchStatus, readStatus, saveStatus } from '../verify/fetch-status.js';
import { infrastructureCas } from '../verify/infrastructure-ca.js';
import { proveStatus, type ProvenStatus } from '../verify/prove-status.js';
import { reasonOf } from '../verify/reasons.js';
import { does, fromEnvironment, leaf, type Runner } from './command.js';
import { variables } from '../config.js';

interface VerifyOptions extends ConnectionOptions {
  readonly chain?: string;
  readonly at?: number;
  readonly purpose: 'client' | 'server';
  readonly cache?: string;
  readonly offline?: string;
  readonly statusCa?: string;
  readonly maxAge: number;
}

export function verifyCommand(program: Command, runner: Runner): void {
  const details = `CERT is PEM or DER; a PEM file may hold the chain as well. The path is built to the root (--ca) and checked as a gateway does, by its status in the signed snapshot of the service. The first line says of when that status is: a change is in the snapshot seconds later, or longer where snapshots are large, and in one of --offline never. Nothing is accepted on status that is unknown or older than --max-age.

Exit code 0: accepted, 4: not accepted.`;
  const command = leaf(program, 'verify <cert>', 'Judge a certificate as a gateway would', details, [
    'verify device.pem',
    'verify device.pem --cache ./status    keeps what was downloaded',
    'verify device.pem --offline ./status  asks nobody',
    'verify device.pem --at 2027-01-31T12:00:00Z --json',
  ])
    .option('--chain <file>', 'certificates above it, PEM')
    .option('--at <time>', 'judge its dates at this time', time)
    .addOption(new Option('--purpose <purpose>', 'what it is used for').choices(['client', 'server']).default('client'))
    .addOption(durationOption('--max-age <duration>', 'how old status may be', '1h'))
    .option('--cache <folder>', 'keep the snapshot there')
    .option('--offline <folder>', 'use the snapshot that --cache kept, and ask nobody')
    .option(
      '--status-ca <file>',
      'the CA that certifies who signs status, PEM; by default the infrastructure CA below the root',
    )
    .optionsGroup('Service:')
    .addOption(fromEnvironment('--status-url <url>', 'responder, http://host:8080', variables.statusUrl))
    .addOption(fromEnvironment('--ca <file>', 'root certificate to trust, PEM', variables.ca))
    .addOption(fromEnvironment('--data-folder <folder>', 'data of a service on this machine', variables.dataFolder));
  does<VerifyOptions>(command, runner, run);
}

async function run(cli: Cli, options: VerifyOptions, file: string): Promise<ExitCode> {
  const { statusUrl, ca } = await cli.profile(options);
  const now = cli.machine.now();
  const at = options.at ?? now;
  const [endEntity, ...above] = readCertificates(await readBytes(file), file);
  if (!endEntity) throw new TypeError('a file of certificates has one');
  const chain = options.chain === undefined ? above : readCertificates(await readBytes(options.chain), options.chain);
  const anchors = readCertificates(Buffer.from(ca), 'the root certificate');

  const { cache, offline, purpose } = options;
  const files = offline === undefined ? await fetchStatus(statusUrl, ca) : await readStatus(offline);
  const signers = readCertificates(files.signers, 'the list of status signers');
  const signerIssuers =
    options.statusCa === undefined
      ? infrastructureCas(signers, anchors)
      : readCertificates(await readBytes(options.statusCa), options.statusCa);
  const proven = proveStatus({ snapshot: files.snapshot, signers, signerIssuers, trustAnchors: anchors, now });
  if (cache !== undefined) await saveStatus(cache, files);

  const { status, intermediates } = proven;
  const age = now - proven.position.asOf;
  const question = { anchors, intermediates, at, purpose, status, requireExtKeyUsage: true };
  const judged = judgePath({ chain: [endEntity, ...chain], ...question });
  const stale = age > options.maxAge ? 'STATUS_STALE' : null;
  const code = judged.ok ? (stale ?? identityFault(endEntity, purpose)) : judged.error.code;
  print(cli, endEntity, judged.ok ? judged.path : [], code, at, proven, age);
  return code === null ? ExitCode.done : ExitCode.notAccepted;
}

/** A client is somebody, or it is nobody: a server is known by its names. */
function identityFault(
  certificate: Certificate,
  purpose: VerifyOptions['purpose'],
): VerifierErrorCode | PolicyErrorCode | null {
  try {
    const identity = readIdentity(certificate);
    return purpose === 'client' && identity === undefined ? 'IDENTITY_MISSING' : null;
  } catch (error) {
    if (error instanceof VerifierError) return error.code;
    throw error;
  }
}

function print(
  cli: Cli,
  endEntity: Certificate,
  path: readonly Certificate[],
  code: string | null,
  at: number,
  { position: { epoch, sequence, asOf } }: ProvenStatus,
  age: number,
): void {
  const certificate = certificateFacts(endEntity);
  const reason = code === null ? null : reasonOf(code);
  const steps = path.map((one) => certificateFacts(one).subject);
  const status = { epoch, sequence, asOf, age };
  cli.out.result({ accepted: code === null, code, reason, at, certificate, path: steps, status }, () => {
    const verdict = code === null ? `Accepted at ${formatTime(at)}` : `Not accepted at ${formatTime(at)}`;
    const by = `by status of ${formatTime(asOf)} (${formatDuration(age)} ago)`;
    return [
      `${verdict}, ${by}${code === null ? '.' : `: ${code}, ${String(reason)}.`}`,
      '',
      formatFields([
        ...certificateFields(certificate),
        ...steps.slice(1).map((subject) => ['below', subject] as const),
        ['position', `(${epoch}, ${sequence})`],
      ]),
    ].join('\n');
  });
}
