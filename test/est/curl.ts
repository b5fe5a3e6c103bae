import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type { EstService } from './est-service.js';

const run = promisify(execFile);

export interface CurlReply {
  readonly status: number;
  /** Lines as they came, letter case kept. */
  readonly headers: readonly string[];
  readonly body: Buffer;
}

/** One request by the real curl; `operation` is the path behind `/.well-known/est/`. Rejects where curl fails. */
export async function curl(service: EstService, operation: string, ...args: string[]): Promise<CurlReply> {
  const name = path.join(service.folder, randomUUID());
  const fixed = ['-sS', '--cacert', service.caFile, '-D', `${name}.headers`, '-o', `${name}.body`];
  // curl would ask before it sends a large body; the answers are the same, a second later.
  await run('curl', [...fixed, '-H', 'Expect:', ...args, `${service.url}/${operation}`]);
  const [statusLine = '', ...headers] = readFileSync(`${name}.headers`, 'latin1').trimEnd().split('\r\n');
  return { status: Number(statusLine.split(' ')[1]), headers, body: readOrEmpty(`${name}.body`) };
}

/** The arguments that post a file as a certification request. */
export function posting(service: EstService, body: string | Uint8Array): string[] {
  const file = path.join(service.folder, `${randomUUID()}.b64`);
  writeFileSync(file, body);
  return ['-H', 'Content-Type: application/pkcs10', '--data-binary', `@${file}`];
}

// curl makes no file for a body that is not there.
function readOrEmpty(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    return Buffer.alloc(0);
  }
}
