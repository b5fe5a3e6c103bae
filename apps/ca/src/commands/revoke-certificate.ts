import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { revocationReasons } from '@touchmark/ca-port';
import { toHex } from '@touchmark/der';
import { UsageError } from '@touchmark/server';
import { decodePem, parseCertificate } from '@touchmark/x509';
import { openServedCa } from '../ca-process.js';
import type { Config } from '../config.js';
import type { CommandContext } from './command.js';

const USAGE = 'revoke-certificate SERIAL-NUMBER|FILE.pem --reason REASON [--all-of-holder] [--invalidity-date SECONDS]';

/**
 * `revoke-certificate`: a server's, gateway's, service's or signer's certificate, by its serial number in hex or its file; as compromised
 * with all that was issued on it. `--all-of-holder`: every certificate of its profile and name.
 */
export async function revokeCertificate(args: readonly string[], context: CommandContext<Config>): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      reason: { type: 'string' },
      'invalidity-date': { type: 'string' },
      'all-of-holder': { type: 'boolean', default: false },
    },
  });
  const [which] = positionals;
  const reason = revocationReasons.find((one) => one === values.reason);
  if (which === undefined || positionals.length > 1) throw new UsageError(`usage: ${USAGE}`);
  if (reason === undefined) throw new UsageError(`--reason is one of ${revocationReasons.join(', ')}`);
  const invalidityDate = values['invalidity-date'] === undefined ? undefined : Number(values['invalidity-date']);
  const serialNumber = await readSerialNumber(which);
  const service = await openServedCa(context);
  try {
    const { position, revoked } = await service.ca.revokeServiceCertificate.run({
      serialNumber,
      reason,
      allOfHolder: values['all-of-holder'],
      ...(invalidityDate !== undefined && { invalidityDate }),
    });
    const what = revoked > 0 ? `Revoked (certificates: ${revoked})` : 'Was revoked already';
    context.print(`${what}: ${toHex(serialNumber)}, journal position ${position.epoch}.${position.sequence}`);
  } finally {
    await service.close();
  }
}

async function readSerialNumber(which: string): Promise<Uint8Array> {
  const hex = which.replaceAll(':', '');
  if (/^([0-9a-fA-F]{2}){1,20}$/.test(hex)) return Buffer.from(hex, 'hex');
  const [block] = decodePem(await readFile(which, 'latin1'));
  if (block?.label !== 'CERTIFICATE')
    throw new UsageError(`${which} is neither a serial number nor a certificate in PEM`);
  return parseCertificate(block.der).serialNumber;
}
