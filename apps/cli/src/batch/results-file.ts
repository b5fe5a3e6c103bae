import type { FileHandle } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { CliError } from '../cli-error.js';
import { endOfLastLine, openForAppending } from '../files.js';
import type { BatchFormat } from './input.js';
import { type Issued, IssuedFields } from './issued-check.js';

/** What became of a line, as it is kept. */
export type BatchResult =
  | ({ readonly line: number; readonly deviceSerial: string | null } & Issued)
  | {
      readonly line: number;
      readonly deviceSerial: string | null;
      readonly error: { readonly code: string; readonly detail: string };
    };

const Kept = z.union([
  IssuedFields.extend({ line: z.int(), deviceSerial: z.string().nullable() }),
  z.object({
    line: z.int(),
    deviceSerial: z.string().nullable(),
    error: z.object({ code: z.string(), detail: z.string() }),
  }),
]);

const HEAD = 'line,deviceSerial,serialNumber,certificate,code,detail';
const SYNC_MILLISECONDS = 1_000;

/**
 * Results in the order of the lines, one a line, appended as they come. They reach the disk (fsync) at least every second while any
 * come, and at the end: what a power cut takes is asked for again by the next run, and the service gives the same certificates.
 */
export class ResultsFile {
  readonly path: string;
  private readonly format: BatchFormat;
  private readonly handle: FileHandle;
  private readonly nowMs: () => number;
  private end: number;
  private syncedAt: number;
  private waiting: string[] = [];

  private constructor(path: string, format: BatchFormat, handle: FileHandle, end: number, nowMs: () => number) {
    this.path = path;
    this.format = format;
    this.handle = handle;
    this.end = end;
    this.nowMs = nowMs;
    this.syncedAt = nowMs();
  }

  /** Opens it where an earlier run left off; half a line at its end is taken away. */
  static async open(path: string, format: BatchFormat, nowMs: () => number): Promise<ResultsFile> {
    const handle = await openForAppending(path);
    const end = await endOfLastLine(handle);
    await handle.truncate(end);
    const file = new ResultsFile(path, format, handle, end, nowMs);
    if (end === 0 && format === 'csv') {
      file.waiting.push(HEAD);
      await file.flush();
    }
    return file;
  }

  /** What earlier runs wrote. Throws FILE_MALFORMED. */
  async *read(): AsyncGenerator<BatchResult> {
    let number = 0;
    for await (const text of createInterface({ input: createReadStream(this.path), crlfDelay: Infinity })) {
      number += 1;
      if (this.format === 'csv' && number === 1 && text === HEAD) continue;
      const result = this.format === 'csv' ? parseCsvResult(text) : parseJsonResult(text);
      if (result) yield result;
      else {
        const hint = 'Move it away to begin anew, or give another --results.';
        throw new CliError('FILE_MALFORMED', `line ${number} of ${this.path} is no result`, { hint });
      }
    }
  }

  append(result: BatchResult): void {
    this.waiting.push(this.format === 'csv' ? csvLine(result) : JSON.stringify(result));
  }

  /** Hands everything to the operating system, and to the disk when the last time is a second ago. */
  async flush(): Promise<void> {
    if (this.waiting.length === 0) return;
    const octets = Buffer.from(`${this.waiting.join('\n')}\n`);
    this.waiting = [];
    const { bytesWritten } = await this.handle.write(octets, 0, octets.length, this.end).catch((cause: unknown) => {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new CliError(
        'FILE_NOT_WRITABLE',
        `${this.path}: ${why}`,
        { hint: 'Make room and run the same command again.' },
        cause,
      );
    });
    if (bytesWritten < octets.length) throw new CliError('FILE_NOT_WRITABLE', `${this.path} takes no more`);
    this.end += octets.length;
    if (this.nowMs() - this.syncedAt < SYNC_MILLISECONDS) return;
    await this.handle.datasync();
    this.syncedAt = this.nowMs();
  }

  async close(): Promise<void> {
    try {
      await this.flush();
      await this.handle.sync();
    } finally {
      await this.handle.close();
    }
  }
}

function csvLine(result: BatchResult): string {
  const { line, deviceSerial } = result;
  const cells =
    'error' in result
      ? [line, deviceSerial ?? '', '', '', result.error.code, result.error.detail]
      : [line, deviceSerial ?? '', result.serialNumber, result.certificate, '', ''];
  return cells.map((cell) => csvCell(String(cell))).join(',');
}

/** What a spreadsheet would take for a formula: it gets an apostrophe in front, and one that has some gets one more. */
const FORMULA = /^'*[=+\-@\t]/;

const unquoted = (text: string): string => (text.startsWith("'") && FORMULA.test(text) ? text.slice(1) : text);

/** On one physical line, whatever is in it: half a line must be told from a whole one. */
function csvCell(text: string): string {
  const line = text.replaceAll(/[\r\n]+/g, ' ');
  const flat = FORMULA.test(line) ? `'${line}` : line;
  return /[",]/.test(flat) ? `"${flat.replaceAll('"', '""')}"` : flat;
}

function parseCsvResult(text: string): BatchResult | undefined {
  const records: string[][] = parse(text, { relax_column_count: true, relax_quotes: true });
  const [line, deviceSerial = '', serialNumber = '', certificate = '', code = '', detail = ''] =
    records[0]?.map(unquoted) ?? [];
  const base = { line: Number(line), deviceSerial: deviceSerial === '' ? null : deviceSerial };
  return checked(code === '' ? { ...base, serialNumber, certificate } : { ...base, error: { code, detail } });
}

function parseJsonResult(text: string): BatchResult | undefined {
  try {
    return checked(JSON.parse(text));
  } catch {
    return undefined;
  }
}

const checked = (value: unknown): BatchResult | undefined => Kept.safeParse(value).data;
