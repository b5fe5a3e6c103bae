import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { equalBytes } from '@touchmark/der';
import { readStatusFile } from '@touchmark/status-list';
import { decodePem } from '@touchmark/x509';
import { openServedCa } from '../ca-process.js';
import type { Config } from '../config.js';
import type { EpochRequest } from '../restore/begin-epoch.js';
import type { CommandContext } from './command.js';

const USAGE =
  'restore [--epoch NUMBER] FILE…: what gateways have kept, /status/snapshot, /status/signers; or restore --without-files';

/** `restore`: begins a new epoch on a restored database, from signed files alone. No process of the service may run meanwhile. */
export async function restore(args: readonly string[], context: CommandContext<Config>): Promise<void> {
  const { values, positionals: files } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { epoch: { type: 'string' }, 'without-files': { type: 'boolean', default: false } },
  });
  // nobody forgets the files by mistake: every revocation since the backup hangs on them
  if ((files.length === 0) !== values['without-files']) throw new TypeError(`usage: ${USAGE}`);
  const evidence = await readEvidenceFiles(files);
  const service = await openServedCa(context);
  try {
    // what is published names each signer's issuer as well
    const issuers = service.ca.infrastructureCertificates();
    const begun = await service.ca.beginEpoch.run({
      messages: evidence.messages,
      signers: evidence.signers.filter((der) => !issuers.some((issuer) => equalBytes(issuer, der))),
      ...(values.epoch !== undefined && { epoch: Number(values.epoch) }),
    });
    context.print(`Epoch ${begun.epoch} has begun: ${JSON.stringify(begun)}`);
  } finally {
    await service.close();
  }
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
    if (read.signers.length + read.messages.length === 0) throw new TypeError(`${file} holds nothing of ours`);
    // a writer that was interrupted ends inside a record; what stands before is whole
    if (!read.whole) process.stderr.write(`${file}: the end is cut off; what stands before it is used\n`);
    signers.push(...read.signers.map(({ certificate }) => certificate));
    messages.push(...read.messages);
  }
  return { signers, messages };
}
