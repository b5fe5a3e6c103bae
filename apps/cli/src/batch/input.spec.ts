import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BatchFormat, type BatchRequest, countLines, formatOf, readBatch } from './input.js';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'touchmark-input-'));
  file = path.join(folder, 'units');
});
afterEach(() => rm(folder, { recursive: true }));

async function read(text: string, format: BatchFormat): Promise<BatchRequest[]> {
  await writeFile(file, text);
  const requests: BatchRequest[] = [];
  for await (const request of readBatch(file, format)) requests.push(request);
  return requests;
}

describe('a file of devices', () => {
  it('NDJSON: counts lines of the file, passes over empty ones, and says which are none', async () => {
    const text =
      '\uFEFF{"deviceSerial":"a","csr":"MAA="}\r\n\n{"deviceSerial":"b"}\n[]\nnull\n{"deviceSerial":1,"csr":"MAA="}\n{"half';
    expect(await read(text, 'ndjson')).toMatchObject([
      { line: 1, deviceSerial: 'a', csr: 'MAA=' },
      { line: 3, deviceSerial: 'b', fault: { code: 'LINE_MALFORMED' } },
      { line: 4, deviceSerial: null, fault: { code: 'LINE_MALFORMED' } },
      { line: 5, deviceSerial: null, fault: { code: 'LINE_MALFORMED' } },
      { line: 6, deviceSerial: null, fault: { code: 'LINE_MALFORMED' } },
      { line: 7, deviceSerial: null, fault: { code: 'LINE_MALFORMED' } },
    ]);
    expect(await countLines(file, 'ndjson')).toBe(6);
    expect(await formatOf(file)).toBe('ndjson');
  });

  it.each([
    ['\n', 'line feeds'],
    ['\r\n', 'Windows line ends'],
    ['\r', 'old Macintosh line ends'],
  ])('CSV with %j (%s)', async (end) => {
    const requests = await read(['csr,deviceSerial', 'MAA=,a', '"MAA=", b', 'MAA='].join(end), 'csv');
    expect(requests).toMatchObject([
      { deviceSerial: 'a', csr: 'MAA=' },
      { deviceSerial: 'b', csr: 'MAA=' },
      { deviceSerial: null, fault: { code: 'LINE_MALFORMED' } },
    ]);
    expect(await formatOf(file)).toBe('csv');
  });

  it('CSV without its head, or with a quotation that does not end, is none', async () => {
    await expect(read('a,MAA=\n', 'csv')).rejects.toMatchObject({ code: 'FILE_MALFORMED' });
    await expect(read('deviceSerial,csr\na,"MAA=\n', 'csv')).rejects.toMatchObject({ code: 'FILE_MALFORMED' });
  });

  it('a path leads to a request from where the file lies; what leads nowhere is a fault of its line', async () => {
    await writeFile(path.join(folder, 'a.der'), Buffer.from('3000', 'hex'));
    await writeFile(path.join(folder, 'b.txt'), 'nothing');
    const lines = ['a.der', 'b.txt', 'c.pem', '-----BEGIN CERTIFICATE REQUEST-----'].map((csr) =>
      JSON.stringify({ deviceSerial: 'x', csr }),
    );
    expect(await read(lines.join('\n'), 'ndjson')).toMatchObject([
      { csr: 'MAA=' },
      { fault: { code: 'CSR_NOT_FOUND' } },
      { fault: { code: 'CSR_FILE_UNREADABLE' } },
      { fault: { code: 'CSR_NOT_FOUND' } },
    ]);
  });

  it('a file that is not there, and a folder, cannot be read', async () => {
    await expect(formatOf(path.join(folder, 'missing'))).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
    await expect(countLines(folder, 'ndjson')).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
    await expect(countLines(path.join(folder, 'missing'), 'csv')).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  });
});
