import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import type { ServiceUnderTest } from '../fixture/service.js';

const readme = readFileSync(path.join(import.meta.dirname, '../../README.md'), 'utf8');
const blocks = [...readme.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);

/** What a reader sees who types every block, in order, in one shell. Any command that fails ends it. */
async function typed(service: ServiceUnderTest): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)('bash', ['-c', `set -euo pipefail\n${blocks.join('\n')}`], {
    cwd: service.folder,
    env: {
      ...process.env,
      DATA: path.dirname(service.files.rootCertificate),
      EST: `${service.urls.device}/.well-known/est`,
      API: `${service.urls.admin}/v1`,
    },
    timeout: 50_000,
  });
  return stdout + stderr;
}

/** Told of any service that is started already, in however many processes. */
export function readmeBlocks(started: () => ServiceUnderTest): void {
  it('the shell blocks of README: typed in order, they enrol, rotate, revoke and provision as the text says', async () => {
    expect(blocks.length).toBeGreaterThan(8);
    const seen = await typed(started());
    expect(seen).toContain('device.pem: OK');
    expect(seen.match(/next\.pem: good/g)).toHaveLength(1);
    expect(seen.match(/(next|device)\.pem: revoked/g)).toHaveLength(2);
    expect(seen.match(/Response verify OK/g)).toHaveLength(3);
    expect(seen).toContain('certificate revoked');
    expect(seen.match(/refused, as it should be/g)).toHaveLength(2);
    expect(seen).toContain('{"done":true,"issued":3,"refused":0}');
    expect(seen).toContain('unit-1-ldevid.pem: OK');
  });
}
