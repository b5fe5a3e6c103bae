import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { CsvError, parse } from 'csv-parse';
import { CliError } from '../cli-error.js';
import { readCsrFile, type CsrFault } from './csr.js';

export type BatchFormat = 'csv' | 'ndjson';

/** One line of a batch file: a request, or why it is none. `line` counts lines of the file from 1. */
export interface BatchRequest {
  readonly line: number;
  readonly deviceSerial: string | null;
  /** base64 of DER. */
  readonly csr?: string;
  readonly fault?: CsrFault;
}

/** By the name of the file, or by how it begins. */
export async function formatOf(file: string): Promise<BatchFormat> {
  if (/\.csv$/i.test(file)) return 'csv';
  if (/\.(ndjson|jsonl)$/i.test(file)) return 'ndjson';
  const handle = await open(file).catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(256), 0, 256, 0);
    return buffer
      .toString('utf8', 0, bytesRead)
      .replace(/^\uFEFF/, '')
      .trimStart()
      .startsWith('{')
      ? 'ndjson'
      : 'csv';
  } finally {
    await handle.close();
  }
}

/** Lines of a batch file, one after the other, however long it is. Throws FILE_UNREADABLE, FILE_MALFORMED. */
export async function* readBatch(file: string, format: BatchFormat): AsyncGenerator<BatchRequest> {
  const folder = path.dirname(file);
  for await (const { line, deviceSerial, csr } of format === 'csv' ? readCsv(file) : readNdjson(file)) {
    if (deviceSerial === null || csr === null) {
      yield { line, deviceSerial, fault: { code: 'LINE_MALFORMED', detail: 'deviceSerial and csr are needed' } };
      continue;
    }
    const read = await readCsrFile(csr, folder);
    yield 'fault' in read ? { line, deviceSerial, fault: read.fault } : { line, deviceSerial, csr: read.base64 };
  }
}

/** Before a batch is made for it: throws FILE_UNREADABLE, or FILE_MALFORMED where there is no first line that can be read as one. */
export async function checkBatch(file: string, format: BatchFormat): Promise<void> {
  for await (const request of readBatch(file, format)) if (request.line > 0) return;
  throw new CliError('FILE_MALFORMED', `${file} has no devices in it`, {
    hint: 'See: touchmark batch provision --help.',
  });
}

/** How many lines there are to come, for a progress bar: those that hold anything, but the head of a CSV file. */
export async function countLines(file: string, format: BatchFormat): Promise<number> {
  let lines = 0;
  for await (const text of linesOf(file)) if (text.trim() !== '') lines += 1;
  return format === 'csv' ? Math.max(0, lines - 1) : lines;
}

interface RawLine {
  readonly line: number;
  readonly deviceSerial: string | null;
  readonly csr: string | null;
}

async function* readNdjson(file: string): AsyncGenerator<RawLine> {
  let line = 0;
  for await (const text of linesOf(file)) {
    line += 1;
    const json = line === 1 ? text.replace(/^\uFEFF/, '') : text;
    if (json.trim() !== '') yield { line, ...members(parseJson(json)) };
  }
}

const LARGEST_RECORD = 65_536;

/** RFC 4180 with any line ends and, as spreadsheets write it, a byte order mark. */
async function* readCsv(file: string): AsyncGenerator<RawLine> {
  const parser = parse({
    bom: true,
    columns: (names: string[]) =>
      checkedHead(
        file,
        names.map((name) => name.trim()),
      ),
    info: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    trim: true,
    max_record_size: LARGEST_RECORD,
  });
  const source = createReadStream(file).once('error', (cause) => parser.destroy(unreadable(file, cause)));
  source.pipe(parser);
  try {
    for await (const { record, info } of parser) yield { line: info.lines, ...members(record) };
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new CliError(
      'FILE_MALFORMED',
      `${file} is no CSV: ${error.message}`,
      { hint: 'Is a quotation mark missing?' },
      error,
    );
  } finally {
    source.destroy();
  }
}

function checkedHead(file: string, names: string[]): string[] {
  if (names.includes('deviceSerial') && names.includes('csr')) return names;
  throw new CliError('FILE_MALFORMED', `the first line of ${file} does not name the columns deviceSerial and csr`, {
    hint: 'Write "deviceSerial,csr" into the first line; other columns are passed over.',
  });
}

async function* linesOf(file: string): AsyncGenerator<string> {
  try {
    const handle = await open(file);
    yield* handle.readLines();
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw unreadable(file, cause);
  }
}

function members(value: unknown): { deviceSerial: string | null; csr: string | null } {
  const text = (name: 'deviceSerial' | 'csr'): string | null => {
    const member: unknown =
      typeof value === 'object' && value !== null && name in value ? Reflect.get(value, name) : null;
    return typeof member === 'string' && member !== '' ? member : null;
  };
  return { deviceSerial: text('deviceSerial'), csr: text('csr') };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const unreadable = (file: string, cause: unknown): CliError =>
  new CliError(
    'FILE_UNREADABLE',
    `${file} cannot be read`,
    { hint: 'Give a CSV or NDJSON file with deviceSerial and csr.' },
    cause,
  );
