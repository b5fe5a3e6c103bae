// Makes docs/operations/configuration.md from what the processes say of themselves. Reads a JSON array of { title, command, schema,
// settings } on standard input, and writes the page to the file that is named, or to standard output. `npm run docs:configuration`
// asks every built process and does both.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const [, , file, ...flags] = process.argv;
const processes = flags.includes('--ask') ? ask() : JSON.parse(readFileSync(0, 'utf8'));
const page = `# Configuration

Made by \`npm run docs:configuration\` from the schemas that the processes check their configuration with; do not edit it by hand.

Each setting is an environment variable, or a member of the JSON file that \`TOUCHMARK_CONFIG\` names (\`a.b\`: member \`b\` of object \`a\`). The environment wins over the file,
the file over the default. An empty variable counts as not set, an unknown member of the file stops the start, an unknown \`TOUCHMARK_\` variable is warned of.
Lists are separated by commas. Times are seconds.

\`--check-config\` behind a process's command says what is wrong, all at once, and starts nothing; \`--print-config-schema\` prints the JSON Schema.

${processes.map(section).join('\n')}`;

if (file === undefined || file.startsWith('-')) process.stdout.write(page);
else writeFileSync(file, page);

function section({ title, command, schema, settings }) {
  return `## ${title}

    ${command}

| variable | in the file | kind | default | what it is |
|---|---|---|---|---|
${settings.map((setting) => row(setting, schema)).join('\n')}
`;
}

function row({ path, variable, kind, required, default: standard, description, secret }, schema) {
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

/** The pages of every built process. */
function ask() {
  const list = JSON.parse(readFileSync(new URL('configured-processes.json', import.meta.url), 'utf8'));
  return list.map(({ title, command, args }) => {
    const said = execFileSync(process.execPath, [...args, '--print-config-schema'], { encoding: 'utf8' });
    return { title, command, ...JSON.parse(said) };
  });
}
