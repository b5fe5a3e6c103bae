import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { BatchRequest } from './input.js';
import { ResultsFile } from './results-file.js';
import { unanswered } from './resume.js';
import { Tally } from './tally.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'touchmark-resume-'));
});
afterEach(() => rm(folder, { recursive: true }));

const request = (line: number): BatchRequest => ({ line, deviceSerial: `d${line}`, csr: `csr${line}` });

/** Goes on behind these results; a certificate is for the request whose number its serial number is. */
async function goOn(...results: object[]): Promise<{ lines: number[]; tally: Tally }> {
  const file = path.join(folder, 'results');
  await writeFile(file, results.map((result) => `${JSON.stringify(result)}\n`).join(''));
  const opened = await ResultsFile.open(file, 'ndjson', () => 0);
  const tally = new Tally();
  const lines: number[] = [];
  const check = {
    faultOf: (csr: string | undefined, { serialNumber }: { serialNumber: string }) =>
      csr === `csr${serialNumber}` ? undefined : 'it is for another key',
  };
  try {
    for await (const { line } of unanswered(requests(), opened, check, tally)) lines.push(line);
  } finally {
    await opened.close();
  }
  return { lines, tally };
}
async function* requests(): AsyncGenerator<BatchRequest> {
  for (const line of [1, 2, 3]) yield request(line);
}
const issued = (line: number, serialNumber = String(line)) => ({
  line,
  deviceSerial: `d${line}`,
  serialNumber,
  certificate: 'MAA=',
});
const refused = { line: 1, deviceSerial: 'd1', error: { code: 'KEY_WEAK', detail: '' } };

it('passes over what was issued for these requests, and what was refused', async () => {
  const { lines, tally } = await goOn(refused, issued(2));
  expect(lines).toEqual([3]);
  expect(tally).toMatchObject({ issued: 1, refused: 1, earlier: 2 });
});

it('does not take a certificate for another key than the request’s, whatever its device', async () => {
  await expect(goOn(issued(1), issued(2, '9'))).rejects.toMatchObject({ code: 'BATCH_MISMATCH' });
});

it('does not take results of another file', async () => {
  await expect(goOn(issued(2))).rejects.toMatchObject({ code: 'BATCH_MISMATCH' });
  await expect(goOn(issued(1), issued(2), issued(3), issued(4))).rejects.toMatchObject({ code: 'BATCH_MISMATCH' });
});
