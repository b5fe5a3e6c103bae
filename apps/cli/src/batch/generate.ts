import { generateKeyPair } from 'node:crypto';
import { mkdir, open, rm } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import path from 'node:path';
import { promisify } from 'node:util';
import { encodeCertificationRequest } from '@touchmark/x509';
import { CliError } from '../cli-error.js';
import { type DeviceKey, parseKey } from '../device/device-folder.js';
import { endOfLastLine, hasCode, openForAppending, readOptionalText, syncFolder } from '../files.js';

export interface GenerateOptions {
  readonly count: number;
  readonly prefix: string;
  readonly keysFolder: string;
  /** NDJSON; lines that an earlier run wrote are kept. */
  readonly requestsFile: string;
  readonly interrupted: AbortSignal;
  readonly onProgress: (made: number) => void;
}

/** Keys that are made at a time: they are made in Node's thread pool, so all cores are busy. */
const CHUNK = 64;
const DIGITS = 6;
const makeKeyPair = promisify(generateKeyPair);

/**
 * Makes keys and requests at a station. A request is written only after its key has reached the disk: no certificate is ever for a key
 * that a power cut took. Returns how many there are; fewer than asked for after an interruption. Throws BATCH_MISMATCH.
 */
export async function generateRequests(options: GenerateOptions): Promise<number> {
  const { count, keysFolder, requestsFile, interrupted, onProgress } = options;
  await mkdir(keysFolder, { recursive: true, mode: 0o700 });
  const handle = await openForAppending(requestsFile);
  try {
    let end = await endOfLastLine(handle);
    await handle.truncate(end);
    let made = await earlier(options);
    onProgress(made);
    while (made < count && !interrupted.aborted) {
      const serials = Array.from({ length: Math.min(CHUNK, count - made) }, (_, i) => serialOf(options, made + i));
      const lines = await Promise.all(serials.map((serial) => makeRequest(keysFolder, serial)));
      await syncFolder(keysFolder);
      const octets = Buffer.from(lines.join(''));
      await handle.write(octets, 0, octets.length, end);
      end += octets.length;
      made += serials.length;
      onProgress(made);
    }
    await handle.sync();
    return made;
  } finally {
    await handle.close();
  }
}

const serialOf = ({ prefix }: GenerateOptions, index: number): string =>
  `${prefix}${String(index + 1).padStart(DIGITS, '0')}`;

async function makeRequest(folder: string, deviceSerial: string): Promise<string> {
  const file = path.join(folder, `${deviceSerial}.key`);
  const key = (await keptKey(file)) ?? (await makeKey(file));
  const csr = encodeCertificationRequest({ privateKey: key.key });
  return `${JSON.stringify({ deviceSerial, csr: Buffer.from(csr).toString('base64') })}\n`;
}

/** A key whose request was not written any more. One that a crash cut in half was never used: away with it. */
async function keptKey(file: string): Promise<DeviceKey | undefined> {
  const pem = await readOptionalText(file);
  if (pem === undefined) return undefined;
  if (/-----END PRIVATE KEY-----\s*$/.test(pem)) return parseKey(pem, file);
  await rm(file);
  return undefined;
}

async function makeKey(file: string): Promise<Pick<DeviceKey, 'key'>> {
  const { privateKey } = await makeKeyPair('ec', { namedCurve: 'P-256' });
  try {
    const handle = await open(file, 'wx', 0o600);
    try {
      await handle.writeFile(privateKey.export({ format: 'pem', type: 'pkcs8' }));
      await handle.datasync();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    const hint = hasCode(cause, 'ENOSPC') ? 'Make room and run the same command again.' : 'Give another --keys-dir.';
    throw new CliError('FILE_NOT_WRITABLE', `${file} cannot be written`, { hint }, cause);
  }
  return { key: privateKey };
}

/** Lines that are there already; they must be the ones that would be made. */
async function earlier(options: GenerateOptions): Promise<number> {
  const { requestsFile, count } = options;
  let lines = 0;
  for await (const text of createInterface({ input: createReadStream(requestsFile), crlfDelay: Infinity })) {
    if (
      lines === count ||
      !text.startsWith(`{"deviceSerial":"${serialOf(options, lines)}","csr":"`) ||
      !text.endsWith('"}')
    ) {
      throw new CliError('BATCH_MISMATCH', `${requestsFile} is there and is not of these devices`, {
        hint: 'Give the --prefix and --generate of the first run, or another file.',
      });
    }
    lines += 1;
  }
  return lines;
}
