import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BatchResult, ResultsFile } from './results-file.js';

const issued: BatchResult = { line: 1, deviceSerial: 'a', serialNumber: '54', certificate: 'MAA=' };
const refused: BatchResult = {
  line: 2,
  deviceSerial: 'b',
  error: { code: 'KEY_IN_USE', detail: 'it says "no",\nand more' },
};
const nameless: BatchResult = { line: 4, deviceSerial: null, error: { code: 'LINE_MALFORMED', detail: '' } };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'touchmark-results-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(file: string, format: 'csv' | 'ndjson', ...results: BatchResult[]): Promise<void> {
  const opened = await ResultsFile.open(file, format, () => 0);
  for (const result of results) opened.append(result);
  await opened.close();
}

async function read(file: string, format: 'csv' | 'ndjson'): Promise<BatchResult[]> {
  const opened = await ResultsFile.open(file, format, () => 0);
  const results: BatchResult[] = [];
  for await (const result of opened.read()) results.push(result);
  await opened.close();
  return results;
}

describe.each(['csv', 'ndjson'] as const)('a file of results, %s', (format) => {
  it('gives back what was written, over several runs', async () => {
    const file = path.join(folder, 'results');
    await write(file, format, issued, refused);
    await write(file, format, nameless);
    const flat = { ...refused, error: { code: 'KEY_IN_USE', detail: 'it says "no", and more' } };
    expect(await read(file, format)).toEqual([issued, format === 'csv' ? flat : refused, nameless]);
  });

  it('forgets half a line at its end, whatever its length, and goes on behind the last whole one', async () => {
    const file = path.join(folder, 'results');
    await write(file, format, issued);
    const whole = await readFile(file, 'utf8');
    await appendFile(file, `2,b,${'x'.repeat(200_000)}`);
    await write(file, format, nameless);
    expect((await readFile(file, 'utf8')).startsWith(whole)).toBe(true);
    expect(await read(file, format)).toEqual([issued, nameless]);
  });

  it('is safe to be opened by a spreadsheet, and gives back what looks like a formula as it was', async () => {
    const file = path.join(folder, 'results');
    const serials = ['=1+1', '+1', '-1', '@x', "'=1", "''-2", "'plain"];
    const results = serials.map((deviceSerial, line) => ({ line, deviceSerial, error: { code: 'X', detail: '=2' } }));
    await write(file, format, ...results);
    expect(await read(file, format)).toEqual(results);
    if (format === 'ndjson') return;
    const cells = (await readFile(file, 'utf8'))
      .trimEnd()
      .split('\n')
      .flatMap((line) => line.split(','));
    expect(cells.filter((cell) => /^[=+\-@]/.test(cell))).toEqual([]);
  });

  it('takes no line for issued that has no certificate', async () => {
    const file = path.join(folder, 'results');
    const lines =
      format === 'csv'
        ? ['2,b,,,,', '2,b,54,,,', '2,b,,MAA=,,', '2,b,54,no base64,,', '2,b,x,MAA=,,']
        : ['{"line":2,"deviceSerial":"b","serialNumber":"","certificate":""}'];
    for (const line of lines) {
      await writeFile(file, `${line}\n`);
      await expect(read(file, format)).rejects.toMatchObject({ code: 'FILE_MALFORMED' });
    }
  });

  it('refuses what is no result', async () => {
    const file = path.join(folder, 'results');
    await writeFile(file, 'something else\n');
    await expect(read(file, format)).rejects.toMatchObject({ code: 'FILE_MALFORMED' });
  });
});
