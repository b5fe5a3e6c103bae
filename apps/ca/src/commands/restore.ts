import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { equalBytes } from '@touchmark/der';
import { UsageError } from '@touchmark/server';
import { readStatusFile } from '@touchmark/status-list';
import { decodePem } from '@touchmark/x509';
import type { Ca } from '../ca.js';
import { openServedCa } from '../ca-process.js';
import type { Config } from '../config.js';
import type { EpochRequest } from '../restore/begin-epoch.js';
import type { CommandContext } from './command.js';

const USAGE =
  'restore --yes [--epoch NUMBER] FILE…: what gateways have kept, /status/snapshot, /status/signers; or restore --yes --without-files';

/** `restore`: begins a new epoch on a restored database, from signed files alone. No process of the service may run meanwhile. */
export async function restore(args: readonly string[], context: CommandContext<Config>): Promise<void> {
  const request = await readRestore(args);
  const service = await openServedCa(context);
  try {
    await beginEpoch(service.ca, request, context.print);
  } finally {
    await service.close();
  }
}

/** What the command is asked for, with the files read. Throws UsageError. */
export async function readRestore(args: readonly string[]): Promise<EpochRequest> {
  const { values, positionals: files } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      epoch: { type: 'string' },
      'without-files': { type: 'boolean', default: false },
      yes: { type: 'boolean', default: false },
    },
  });
  // nobody forgets the files by mistake: every revocation since the backup hangs on them
  if ((files.length === 0) !== values['without-files']) throw new UsageError(`usage: ${USAGE}`);
  const epoch = values.epoch === undefined ? undefined : readEpoch(values.epoch);
  if (!values.yes)
    throw new UsageError(
      'this seals every open list and begins an epoch that cannot be taken back, for a database that was restored: with --yes it is done',
    );
  return { ...(await readEvidenceFiles(files)), ...(epoch !== undefined && { epoch }) };
}

export async function beginEpoch(ca: Ca, request: EpochRequest, print: (line: string) => void): Promise<void> {
  // what is published names each signer's issuer as well
  const issuers = ca.infrastructureCertificates();
  const signers = request.signers.filter((der) => !issuers.some((issuer) => equalBytes(issuer, der)));
  const begun = await ca.beginEpoch.run({ ...request, signers });
  print(`Epoch ${begun.epoch} has begun: ${JSON.stringify(begun)}`);
}

const MAX_EPOCH = 2 ** 31 - 1;

function readEpoch(text: string): number {
  const epoch = Number(text);
  if (!/^[1-9]\d{0,9}$/.test(text) || epoch > MAX_EPOCH) throw new UsageError('--epoch takes a whole number');
  return epoch;
}

async function readEvidenceFiles(files: readonly string[]): Promise<Pick<EpochRequest, 'signers' | 'messages'>> {
  const signers: Uint8Array[] = [];
  const messages: Uint8Array[] = [];
  for (const file of files) {
    const octets = await readFile(file);
    if (octets.subarray(0, 11).toString('latin1') === '-----BEGIN ') {
      signers.push(...decodePem(octets.toString('latin1')).map(({ der }) => der));
      continue;
    }
    const read = readStatusFile(octets);
    if (read.signers.length + read.messages.length === 0) throw new UsageError(`${file} holds nothing of ours`);
    // a writer that was interrupted ends inside a record; what stands before is whole
    if (!read.whole) process.stderr.write(`${file}: the end is cut off; what stands before it is used\n`);
    signers.push(...read.signers.map(({ certificate }) => certificate));
    messages.push(...read.messages);
  }
  return { signers, messages };
}
