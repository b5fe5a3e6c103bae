// Makes a page of docs/operations from what a process says of itself: reads the answer to --print-config-schema on standard input, and
// writes the page to the file that is named (`-`: standard output), for the app that is named and, where it is not serving, its command.
// `npm run docs:configuration` makes all.
import { readFileSync, writeFileSync } from 'node:fs';

const [, , file = '-', app = 'standalone', command = ''] = process.argv;
const main = `node dist/apps/${app}/src/main.js${command && ` ${command}`}`;
const title = app === 'standalone' ? 'Configuration' : `Configuration of the ${app}${command && `: ${command}`}`;
const { schema, settings } = JSON.parse(readFileSync(0, 'utf8'));
const page = `# ${title}

Made by \`npm run docs:configuration\` from the schema that the service checks its configuration with; do not edit it by hand.

Each setting is an environment variable, or a member of the JSON file that \`TOUCHMARK_CONFIG\` names (\`a.b\`: member \`b\` of object \`a\`). The environment wins over the file,
the file over the default. An empty variable counts as not set, an unknown member of the file stops the start, an unknown \`TOUCHMARK_\` variable is warned of.
Lists are separated by commas. Times are seconds.

\`${main} --check-config\` says what is wrong, all at once, and starts nothing; \`--print-config-schema\` prints the JSON Schema.

| variable | in the file | kind | default | what it is |
|---|---|---|---|---|
${settings.map(row).join('\n')}
`;

if (file === '-') process.stdout.write(page);
else writeFileSync(file, page);

function row({ path, variable, kind, required, default: standard, description, secret }) {
  const node = path.reduce((above, name) => above.properties[name], schema);
  const notes = [description, limits(node), secret && 'Secret: never printed.'].filter(Boolean).join('. ');
  const cells = [`\`${variable}\``, `\`${path.join('.')}\``, kind, required ? 'required' : text(standard), notes];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('<', '&lt;')).join(' | ')} |`;
}

function text(value) {
  if (value === undefined) return '–';
  return `\`${Array.isArray(value) ? value.join(',') : value}\``;
}

/** What the schema allows, where that is short. JSON Schema bounds every integer; the largest safe one says nothing. */
function limits({ minimum, maximum, enum: allowed }) {
  if (allowed) return `One of ${allowed.map((one) => `\`${one}\``).join(', ')}`;
  if (minimum === undefined) return undefined;
  return maximum === undefined || maximum === Number.MAX_SAFE_INTEGER
    ? `At least ${minimum}`
    : `${minimum} to ${maximum}`;
}
