import path from 'node:path';
import { type Command, Option } from 'commander';
import { generateRequests } from '../batch/generate.js';
import { type BatchFormat, checkBatch, countLines, formatOf, readBatch } from '../batch/input.js';
import { IssuedCheck } from '../batch/issued-check.js';
import { type Counts, noProgress, type Progress, progressBar, progressLines } from '../batch/progress.js';
import { Provision } from '../batch/provision.js';
import { ResultsFile } from '../batch/results-file.js';
import { unanswered } from '../batch/resume.js';
import { Tally } from '../batch/tally.js';
import { whichBatch } from '../batch/which-batch.js';
import { CliError } from '../cli-error.js';
import type { Cli } from '../cli.js';
import { ExitCode } from '../exit-codes.js';
import { formatFields } from '../format.js';
import { durationOption, wholeNumber } from '../option-values.js';
import { type ConnectionOptions, tokenOf } from '../profile.js';
import { Api } from '../service/api.js';
import { callsApi, does, group, leaf, type Limit, lists, type Runner } from './command.js';
import { column, printPage, printResource, timeColumn } from './printing.js';

const MOST = 10_000_000;

interface NewBatchOptions extends ConnectionOptions {
  readonly factory: string;
  readonly model?: string;
  readonly policy: string;
  readonly size?: number;
  readonly validFor: number;
}

interface ProvisionCommand extends NewBatchOptions {
  readonly batch?: string;
  readonly results?: string;
  readonly format?: BatchFormat;
  readonly retries: number;
  readonly generate?: number;
  readonly prefix?: string;
  readonly keysDir?: string;
}

export function batchCommands(program: Command, runner: Runner): void {
  const batches = group(program, 'batch', 'Batches: so many devices of one model, provisioned by one factory');
  provisionCommand(batches, runner);

  const create = newBatch(
    leaf(batches, 'create', 'Let a factory provision so many devices of a model', '', [
      'batch create --factory demo-factory --model demo-sensor --size 5000',
    ]),
  );
  create.options.find(({ long }) => long === '--model')?.makeOptionMandatory();
  create.options.find(({ long }) => long === '--size')?.makeOptionMandatory();
  does<NewBatchOptions>(callsApi(create), runner, async (cli, options) => {
    const { factory, model, policy, size, validFor } = options;
    const validUntil = cli.machine.now() + validFor;
    const made = await (await cli.api(options)).post('/v1/batches', { factory, model, policy, size, validUntil });
    printResource(cli, made, `Made the batch ${String(made['id'])}.`);
  });

  const list = leaf(batches, 'list', 'List batches, newest first; a factory sees its own', '', ['batch list']);
  does<ConnectionOptions & Limit>(callsApi(lists(list)), runner, async (cli, options) => {
    const page = await (await cli.api(options)).list('/v1/batches', 'before', options.limit);
    const columns = [
      column('id'),
      column('factory'),
      column('model'),
      column('size'),
      column('remaining'),
      timeColumn('validUntil', 'valid until'),
    ];
    printPage(cli, page, 'batch', columns);
  });

  const show = leaf(batches, 'show <id>', 'Show a batch', '', ['batch show 019abf3e-6f00-7000-8000-000000000001']);
  does<ConnectionOptions>(callsApi(show), runner, async (cli, options, id) => {
    printResource(cli, await (await cli.api(options)).get(`/v1/batches/${encodeURIComponent(id)}`));
  });

  const refusals = leaf(batches, 'refusals <id>', 'Why lines of a batch were refused, newest first', '', [
    'batch refusals 019abf3e-6f00-7000-8000-000000000001',
  ]);
  does<ConnectionOptions & Limit>(callsApi(lists(refusals)), runner, async (cli, options, id) => {
    const api = await cli.api(options);
    const page = await api.list(`/v1/batches/${encodeURIComponent(id)}/refusals`, 'before', options.limit);
    printPage(cli, page, 'refusal', [
      timeColumn('at', 'at'),
      column('deviceSerial', 'serial'),
      column('code'),
      column('detail'),
    ]);
  });
}

function newBatch(command: Command): Command {
  return command
    .option('--factory <name>', 'factory of a new batch', 'demo-factory')
    .option('--model <name>', 'model of its devices')
    .option('--policy <name>', 'enrollment policy', 'default')
    .option('--size <number>', 'devices that it may provision', wholeNumber(1, MOST))
    .addOption(durationOption('--valid-for <duration>', 'how long it is open', '7d'));
}

function provisionCommand(batches: Command, runner: Runner): void {
  const details = `FILE has deviceSerial and csr on each line: NDJSON, or CSV with a head. csr is a PKCS #10 request: base64 of its DER, or the path of a PEM or DER file, seen from FILE.

Results are appended to FILE.results.csv or .ndjson in the order of the lines, as they come. Run the same command again after Ctrl-C, a lost connection or a power cut: lines that have a result are passed over.

With --generate keys and requests are made here first: DIR/<serial>.key (mode 0600) and FILE, DIR/requests.ndjson by default.`;
  const provision = newBatch(
    leaf(batches, 'provision [file]', 'Certificates for a file of devices', details, [
      'batch provision units.csv --batch 019abf3e-6f00-7000-8000-000000000001 --token-file line-1.token',
      'batch provision units.csv --model demo-sensor',
      'batch provision --generate 1000 --prefix unit- --keys-dir ./keys --model demo-sensor',
    ]).option('--batch <id>', 'an open batch; without it one is made, as an admin'),
  )
    .option('--results <file>', 'where results go')
    .addOption(new Option('--format <format>', 'of the file, if its name does not say it').choices(['csv', 'ndjson']))
    .option('--retries <number>', 'how often a lost connection is opened again', wholeNumber(0, 1000), 5)
    .option('--generate <number>', 'make so many keys and requests here', wholeNumber(1, MOST))
    .option('--prefix <text>', 'with --generate: beginning of the deviceSerials')
    .option('--keys-dir <folder>', 'with --generate: where keys go');
  does<ProvisionCommand>(callsApi(provision), runner, runProvision);
}

async function runProvision(cli: Cli, options: ProvisionCommand, given: string | undefined): Promise<ExitCode> {
  const interrupted = cli.machine.watchInterruption();
  const file = requestsFile(options, given);
  const profile = await cli.profile(options);
  const token = tokenOf(profile);
  if (options.generate !== undefined && !(await generate(cli, options, file, interrupted))) return ExitCode.interrupted;

  const format = options.format ?? (await formatOf(file));
  await checkBatch(file, format);
  const total = await countLines(file, format);
  const api = new Api(profile);
  const batchId = await whichBatch(
    `${file}.batch.json`,
    options.batch,
    newBatchOf(cli, options, total),
    async () => api,
  );
  const resultsPath = options.results ?? `${file}.results.${format}`;
  const resultsFormat = /\.csv$/i.test(resultsPath) ? 'csv' : 'ndjson';
  const { now, nowMs } = cli.machine;
  const check = await IssuedCheck.open(api, now);
  const results = await ResultsFile.open(resultsPath, resultsFormat, nowMs);
  const tally = new Tally();
  const progress = progressFor(cli, tally);
  const startedAt = nowMs();
  let outcome: 'complete' | 'interrupted';
  try {
    const requests = unanswered(readBatch(file, format), results, check, tally);
    progress.start(total);
    outcome = await new Provision({
      target: { url: profile.url, ca: profile.ca, token, batchId },
      requests,
      check,
      results,
      tally,
      progress,
      retries: options.retries,
      interrupted,
      onRetry: (error, seconds) => cli.out.note(`${error.message}; once more in ${seconds} s`),
    }).run();
  } finally {
    progress.stop();
    await results.close();
  }
  const seconds = (nowMs() - startedAt) / 1000;
  printSummary(cli, { batch: batchId, outcome, tally, total, seconds, results: resultsPath });
  if (outcome === 'interrupted') return ExitCode.interrupted;
  return tally.refused > 0 ? ExitCode.partial : ExitCode.done;
}

function requestsFile({ generate: count, prefix, keysDir }: ProvisionCommand, given: string | undefined): string {
  const together = [count, prefix, keysDir].filter((one) => one !== undefined).length;
  if (together !== 0 && together !== 3) {
    throw new CliError('USAGE', '--generate, --prefix and --keys-dir go together', {
      hint: 'See: touchmark batch provision --help.',
    });
  }
  const file = given ?? (keysDir === undefined ? undefined : path.join(keysDir, 'requests.ndjson'));
  if (file !== undefined) return file;
  throw new CliError('USAGE', 'a file of devices is needed', { hint: 'See: touchmark batch provision --help.' });
}

/** True when all requests are there. */
async function generate(cli: Cli, options: ProvisionCommand, file: string, interrupted: AbortSignal): Promise<boolean> {
  const { generate: count = 0, prefix = '', keysDir: keysFolder = '' } = options;
  const startedAt = cli.machine.nowMs();
  const counts = { answered: 0, now: 0, refused: 0 };
  const progress = progressFor(cli, counts);
  let earlier: number | undefined;
  const onProgress = (made: number): void => {
    if (earlier === undefined) progress.start(count);
    earlier ??= made;
    Object.assign(counts, { answered: made, now: made - earlier });
    progress.update();
  };
  try {
    await generateRequests({ count, prefix, keysFolder, requestsFile: file, interrupted, onProgress });
  } finally {
    progress.stop();
  }
  const seconds = (cli.machine.nowMs() - startedAt) / 1000;
  cli.out.note(`${counts.answered} of ${count} keys and requests are in ${keysFolder} (${seconds.toFixed(1)} s)`);
  return counts.answered === count;
}

function progressFor(cli: Cli, tally: Counts): Progress {
  const { nowMs, stderr, isTerminal } = cli.machine;
  if (cli.out.json) return noProgress;
  return isTerminal ? progressBar({ tally, nowMs, stderr }) : progressLines({ tally, nowMs, stderr });
}

function newBatchOf(cli: Cli, options: ProvisionCommand, total: number) {
  const { model, factory, policy, size = total, validFor } = options;
  if (model === undefined) return undefined;
  return () => ({ factory, model, policy, size, validUntil: cli.machine.now() + validFor });
}

interface Summary {
  readonly batch: string;
  readonly outcome: 'complete' | 'interrupted';
  readonly tally: Tally;
  readonly total: number;
  readonly seconds: number;
  readonly results: string;
}

function printSummary(cli: Cli, { batch, outcome, tally, total, seconds, results }: Summary): void {
  const { issued, refused, earlier, now } = tally;
  const rate = seconds > 0 ? Math.round(now / seconds) : 0;
  const refusals = [...tally.refusals].map(([code, { count, example }]) => ({ code, count, example }));
  const value = {
    batch,
    outcome,
    issued,
    refused,
    earlier,
    total,
    seconds: Math.round(seconds * 1000) / 1000,
    rate,
    results,
    refusals,
  };
  cli.out.result(value, () => {
    const fields = formatFields([
      ['batch', batch],
      ['issued', String(issued)],
      ['refused', String(refused)],
      ...(earlier > 0 ? ([['by earlier runs', String(earlier)]] as const) : []),
      ['rate', `${rate}/s over ${seconds.toFixed(1)} s`],
      ['results', results],
    ]);
    const reasons = refusals.map(({ code, count, example }) => `  ${count} × ${code}, first ${example}`);
    const rest =
      outcome === 'interrupted'
        ? [`\nInterrupted after ${issued + refused} of ${total}: the same command goes on from here.`]
        : [];
    return [fields, ...(reasons.length > 0 ? ['\nRefused:', ...reasons] : []), ...rest].join('\n');
  });
}
