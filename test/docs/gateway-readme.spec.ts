import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { parsePolicy } from '../../apps/gateway/src/policy/parse-policy.js';
import { freePort, startTestService, type TestService } from '../fixture/service.js';

const repository = path.resolve(import.meta.dirname, '../..');
const readme = readFileSync(path.join(repository, 'apps/gateway/README.md'), 'utf8');
const blocksOf = (language: string): string[] =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, block = '']) => block);

let service: TestService;
beforeAll(async () => {
  service = await startTestService(inject('databaseUrl'));
});
afterAll(() => service?.close());

/** A folder with an `npx` and a `node` that run the command line from its source; descriptor 3 is what they end with. */
async function folderOfCommands(): Promise<string> {
  const folder = path.join(service.folder, 'bin');
  const hooks = path.join(repository, 'test/fixture/typescript-hooks.mjs');
  const main = path.join(repository, 'apps/cli/src/main.ts');
  const touchmark = `shift; exec '${process.execPath}' --import '${hooks}' '${main}' "$@" <&3`;
  const commands = {
    npx: touchmark,
    node: `case $1 in scripts/touchmark.mjs) ${touchmark};; esac\nexec '${process.execPath}' "$@"`,
  };
  await mkdir(folder);
  for (const [name, command] of Object.entries(commands)) {
    await writeFile(path.join(folder, name), `#!/bin/sh\n${command}\n`);
    await chmod(path.join(folder, name), 0o755);
  }
  return folder;
}

it('the shell blocks of the gateway’s README: typed in order, they let a device in and cut it off', async () => {
  const script = `exec 3<&0\nset -euo pipefail\ntrap 'kill $(jobs -p) || true' EXIT\n${blocksOf('sh').join('\n')}`;
  const { stdout } = await promisify(execFile)('bash', ['-c', script], {
    cwd: repository,
    env: {
      PATH: `${await folderOfCommands()}:${process.env['PATH']}`,
      TMPDIR: service.folder,
      DATA: path.dirname(service.files.rootCertificate),
      SERVICE: service.urls.device,
      FEED: service.urls.gateway,
      UPSTREAM_PORT: String(await freePort()),
      GATEWAY_PORT: String(await freePort()),
      OPERATIONS_PORT: String(await freePort()),
    },
    timeout: 110_000,
  });
  expect(stdout).toMatch(/Hello, spiffe:\/\/devices\.local\/device\/demo-sensor\/sensor-\d+/);
  expect(stdout).toContain('DEVICE_NOT_ALLOWED');
  expect(stdout).toContain('refused, as it should be');
  expect(stdout).toMatch(/connection refused .*CERT_REVOKED/);
  expect(stdout).toContain('cut, as it should be');
}, 120_000);

it('the policies of the gateway’s README can be used', () => {
  const policies = blocksOf('yaml');
  expect(policies.length).toBeGreaterThan(0);
  for (const policy of policies) expect(parsePolicy(policy, 'README.md').routes.length).toBeGreaterThan(1);
});
