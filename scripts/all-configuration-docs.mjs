// Makes every configuration page of docs/operations anew, from what the built processes say of themselves.
import { execFileSync } from 'node:child_process';

const pages = [
  ['configuration', 'standalone'],
  ['ca-configuration', 'ca'],
  ['init-configuration', 'ca', 'init'],
  ['enrollment-configuration', 'enrollment'],
  ['responder-configuration', 'responder'],
  ['gateway-configuration', 'gateway'],
];

for (const [page, app, ...command] of pages) {
  const main = `dist/apps/${app}/src/main.js`;
  const input = execFileSync(process.execPath, [main, ...command, '--print-config-schema'], { encoding: 'utf8' });
  const script = ['scripts/configuration-docs.mjs', `docs/operations/${page}.md`, app, ...command];
  execFileSync(process.execPath, script, { input });
}
