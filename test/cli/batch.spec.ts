import { createPublicKey, X509Certificate } from 'node:crypto';
import { watch } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { generateTestKey, makeTestRequest } from '@touchmark/testkit';
import { encodePem } from '@touchmark/x509';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { CliProcess, type CliResult, runCli } from '../fixture/cli.js';
import { makeDataFolder, removeDataFolder, ServiceProcess } from '../fixture/process.js';
import { freePort, startTestService, type TestService } from '../fixture/service.js';
import { TcpProxy } from '../fixture/tcp-proxy.js';

let service: TestService;
let environment: Record<string, string>;

beforeAll(async () => {
  service = await startTestService(inject('databaseUrl'));
  environment = { TOUCHMARK_DATA_FOLDER: path.dirname(service.files.rootCertificate) };
});
afterAll(() => service?.close());

const newFolder = (): Promise<string> => mkdtemp(path.join(service.folder, 'batch-'));
const provision = (file: string, ...args: string[]): Promise<CliResult> =>
  runCli(['batch', 'provision', file, '--json', ...args], { environment });
const base64Of = (der: Uint8Array): string => Buffer.from(der).toString('base64');
const newCsr = (): string => base64Of(makeTestRequest().der);

/** A file of so many devices that nobody has seen before. */
async function writeRequests(file: string, count: number, prefix: string): Promise<void> {
  const lines = Array.from({ length: count }, (_, i) =>
    JSON.stringify({ deviceSerial: `${prefix}-${i + 1}`, csr: newCsr() }),
  );
  await writeFile(file, `${lines.join('\n')}\n`);
}

async function readResults(file: string): Promise<Record<string, unknown>[]> {
  const text = await readFile(file, 'utf8');
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
}

/** What the command line sends before it waits for answers. */
const LINES_UNDER_WAY = 2048;

interface Held {
  readonly file: string;
  readonly results: string;
  readonly proxy: TcpProxy;
}

/** A file of devices, and a way to the service that brings the first results and keeps the others back. */
async function held(prefix: string, count: number, adminUrl = service.urls.admin): Promise<Held> {
  const file = path.join(await newFolder(), 'units.ndjson');
  await writeRequests(file, count, prefix);
  const proxy = await TcpProxy.open(adminUrl);
  proxy.holdAnswersAfter(60_000);
  return { file, results: `${file}.results.ndjson`, proxy };
}

const provisionThrough = (
  proxy: TcpProxy,
  file: string,
  of: Pick<TestService, 'urls' | 'files'> = service,
): string[] => [
  'batch',
  'provision',
  file,
  '--model',
  'demo-sensor',
  '--json',
  '--url',
  proxy.through(of.urls.admin),
  '--ca',
  of.files.rootCertificate,
  '--token-file',
  of.files.adminToken,
];

/** Resolves once a file of results has something in it, or who writes it is gone. */
async function untilWritten(file: string, gone: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = (): void => {
    stat(file).then(
      ({ size }) => size > 0 && resolve(),
      () => undefined,
    );
  };
  const watcher = watch(path.dirname(file), look);
  look();
  await Promise.race([promise, gone]);
  watcher.close();
}

/** Every line has one result, in order, and the certificate is for the key of its request. */
async function checkResults(requests: string, results: string, count: number): Promise<void> {
  const written = await readResults(results);
  expect(written.map(({ line }) => line)).toEqual(Array.from({ length: count }, (_, i) => i + 1));
  const asked = await readResults(requests);
  for (const [i, { deviceSerial, certificate }] of written.entries()) {
    expect(deviceSerial).toBe(asked[i]?.['deviceSerial']);
    const read = new X509Certificate(Buffer.from(String(certificate), 'base64'));
    expect(read.subject).toContain(`serialNumber=${String(deviceSerial)}`);
  }
}

describe('touchmark batch provision', () => {
  it('takes CSV as spreadsheets write it, and says of every line that is refused why: exit code 5', async () => {
    const folder = await newFolder();
    await mkdir(path.join(folder, 'requests'));
    const [pemKey, derKey, twiceKey] = [generateTestKey(), generateTestKey(), generateTestKey()];
    await writeFile(
      path.join(folder, 'requests', 'b.pem'),
      encodePem('CERTIFICATE REQUEST', makeTestRequest({ key: pemKey }).der),
    );
    await writeFile(path.join(folder, 'requests', 'c.der'), makeTestRequest({ key: derKey }).der);
    const rows = [
      ['deviceSerial', 'note', 'csr'],
      ['csv-a', '"a, with a comma"', newCsr()],
      ['csv-b', '', 'requests/b.pem'],
      ['csv-c', '', 'requests/c.der'],
      ['csv-d', '', 'requests/missing.pem'],
      ['csv/e', '', newCsr()],
      ['csv-f', '', ''],
      ['csv-g', '', base64Of(makeTestRequest({ signingKey: generateTestKey() }).der)],
      ['csv-h', '', base64Of(makeTestRequest({ key: twiceKey }).der)],
      ['csv-h', '', base64Of(makeTestRequest({ key: twiceKey }).der)],
      ['csv-h', '', newCsr()],
      ['csv-i', '', newCsr()],
    ];
    const file = path.join(folder, 'units.csv');
    await writeFile(file, `\uFEFF${rows.map((row) => row.join(',')).join('\r\n')}\r\n\r\n`);

    const first = await provision(file, '--model', 'demo-sensor');
    expect(first).toMatchObject({
      code: 5,
      stderr: '',
      json: { outcome: 'complete', total: 11, issued: 6, refused: 5, earlier: 0, results: `${file}.results.csv` },
    });
    const reasons = Object.fromEntries(
      first.json.refusals.map(({ code, count }: { code: string; count: number }) => [code, count]),
    );
    expect(reasons).toEqual({
      CSR_FILE_UNREADABLE: 1,
      DEVICE_SERIAL_INVALID: 1,
      LINE_MALFORMED: 1,
      CSR_SIGNATURE_INVALID: 1,
      DEVICE_KEY_CONFLICT: 1,
    });
    const text = await readFile(`${file}.results.csv`, 'utf8');
    const [head, ...lines] = text.trimEnd().split('\n');
    expect(head).toBe('line,deviceSerial,serialNumber,certificate,code,detail');
    const cells = lines.map((line) => line.split(','));
    expect(cells.map(([, serial]) => serial)).toEqual(rows.slice(1).map(([serial]) => serial));
    expect(cells[7]?.[2]).toBe(cells[8]?.[2]);
    const issued = new X509Certificate(Buffer.from(cells[1]?.[3] ?? '', 'base64'));
    expect(issued.publicKey.export({ format: 'der', type: 'spki' })).toEqual(Buffer.from(pemKey.subjectPublicKeyInfo));

    // nothing is left to do, and the batch is the one of before
    const second = await provision(file, '--model', 'demo-sensor');
    expect(second).toMatchObject({ code: 5, json: { batch: first.json.batch, issued: 6, refused: 5, earlier: 11 } });
    expect(await readFile(`${file}.results.csv`, 'utf8')).toBe(text);
    expect((await provision(file, '--batch', '00000000-0000-4000-8000-000000000000')).json.error).toMatchObject({
      code: 'BATCH_MISMATCH',
      exitCode: 2,
    });
  });

  it('interrupted by Ctrl-C it ends with exit code 130, and the next run does the rest', async () => {
    const count = LINES_UNDER_WAY + 300;
    const { file, results, proxy } = await held('stop', count);
    const cli = new CliProcess(provisionThrough(proxy, file), { environment });
    await untilWritten(results, cli.ended);
    cli.child.kill('SIGINT');
    proxy.releaseAnswers();
    const interrupted = await cli.result();
    expect(interrupted).toMatchObject({ code: 130, json: { outcome: 'interrupted', total: count, refused: 0 } });
    expect(interrupted.json.issued).toBeLessThan(count);
    // all that is told of is there, whole
    expect(await readResults(results)).toHaveLength(interrupted.json.issued);

    const rest = await provision(file, '--model', 'demo-sensor');
    expect(rest).toMatchObject({
      code: 0,
      json: { outcome: 'complete', issued: count, earlier: interrupted.json.issued },
    });
    await checkResults(file, results, count);
    const batch = await service.admin.get(`/v1/batches/${rest.json.batch}`);
    expect(batch.body.remaining).toBe(0);
  });

  it('a lost connection is opened again, and what was not answered is sent again', async () => {
    const count = 300;
    const { file, results, proxy } = await held('lost', count);
    const running = runCli(provisionThrough(proxy, file), { environment });
    await untilWritten(results, running);
    await proxy.cut();
    proxy.releaseAnswers();
    await proxy.restore();
    const { code, json } = await running;
    await proxy.close();
    expect({ code, json }).toMatchObject({ code: 0, json: { issued: count, refused: 0 } });
    await checkResults(file, results, count);
  });

  it('a service that stays away: exit code 3, says so, and the next run goes on', async () => {
    const count = 300;
    const { file, results, proxy } = await held('away', count);
    const running = runCli([...provisionThrough(proxy, file), '--retries', '0'], { environment });
    await untilWritten(results, running);
    await proxy.close();
    const { code, json } = await running;
    expect({ code, json }).toMatchObject({ code: 3, json: { error: { code: 'BATCH_INCOMPLETE' } } });
    expect(await provision(file, '--model', 'demo-sensor')).toMatchObject({ code: 0, json: { issued: count } });
    await checkResults(file, results, count);
  });

  it('half a result at the end of the file, as a power cut leaves it, is asked for again', async () => {
    const file = path.join(await newFolder(), 'units.ndjson');
    const results = `${file}.results.ndjson`;
    await writeRequests(file, 20, 'torn');
    await provision(file, '--model', 'demo-sensor');
    const whole = await readFile(results, 'utf8');
    await truncate(results, whole.length - 40);
    expect(await provision(file)).toMatchObject({ code: 0, json: { issued: 20, earlier: 19 } });
    // the same key, the same certificate
    expect(await readFile(results, 'utf8')).toBe(whole);

    const other = path.join(path.dirname(file), 'others.ndjson');
    await writeRequests(other, 20, 'others');
    const mixed = await provision(other, '--model', 'demo-sensor', '--results', results);
    expect(mixed).toMatchObject({ code: 2, json: { error: { code: 'BATCH_MISMATCH' } } });
    expect(await readFile(results, 'utf8')).toBe(whole);
  });

  it('goes on with nothing that was issued for other keys of the same devices', async () => {
    const file = path.join(await newFolder(), 'units.ndjson');
    await writeRequests(file, 3, 'anew');
    expect((await provision(file, '--model', 'demo-sensor')).code).toBe(0);
    const results = await readFile(`${file}.results.ndjson`, 'utf8');
    await writeRequests(file, 3, 'anew');
    expect(await provision(file)).toMatchObject({ code: 2, json: { error: { code: 'BATCH_MISMATCH' } } });
    expect(await readFile(`${file}.results.ndjson`, 'utf8')).toBe(results);
  });

  it('makes keys and requests at the station, which nobody else can read, and goes on where it stopped', async () => {
    const folder = path.join(await newFolder(), 'keys');
    const args = [
      'batch',
      'provision',
      '--generate',
      '100',
      '--prefix',
      'made-',
      '--keys-dir',
      folder,
      '--model',
      'demo-sensor',
      '--json',
    ];
    const first = await runCli(args, { environment });
    expect(first).toMatchObject({ code: 0, json: { issued: 100, refused: 0, total: 100 } });
    const keys = (await readdir(folder)).filter((name) => name.endsWith('.key'));
    expect(keys).toHaveLength(100);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    for (const { deviceSerial, certificate } of await readResults(first.json.results)) {
      const file = path.join(folder, `${String(deviceSerial)}.key`);
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      const read = new X509Certificate(Buffer.from(String(certificate), 'base64'));
      const key = createPublicKey(await readFile(file));
      expect(read.publicKey.export({ format: 'der', type: 'spki' })).toEqual(
        key.export({ format: 'der', type: 'spki' }),
      );
    }

    // as if killed while requests were written: the keys are there, half of the requests are not, and one of them is half there
    const requests = path.join(folder, 'requests.ndjson');
    const kept = await readFile(path.join(folder, 'made-000100.key'), 'utf8');
    await truncate(requests, (await stat(requests)).size / 2);
    expect(await runCli(args, { environment })).toMatchObject({ code: 0, json: { issued: 100, earlier: 100 } });
    expect(await readFile(path.join(folder, 'made-000100.key'), 'utf8')).toBe(kept);
    expect(await readResults(requests)).toHaveLength(100);
  });

  it('a file that cannot be used: exit code 2, before anything is made', async () => {
    const folder = await newFolder();
    await writeFile(path.join(folder, 'no-head.csv'), `unit-1,${newCsr()}\n`);
    const noHead = await provision(path.join(folder, 'no-head.csv'), '--model', 'demo-sensor');
    expect(noHead).toMatchObject({ code: 2, json: { error: { code: 'FILE_MALFORMED' } } });
    const missing = await provision(path.join(folder, 'missing.csv'), '--model', 'demo-sensor');
    expect(missing).toMatchObject({ code: 2, json: { error: { code: 'FILE_UNREADABLE' } } });
    await writeRequests(path.join(folder, 'units.ndjson'), 1, 'nowhere');
    const nowhere = await provision(path.join(folder, 'units.ndjson'));
    expect(nowhere).toMatchObject({ code: 2, json: { error: { code: 'USAGE' } } });
    const unknown = await provision(
      path.join(folder, 'units.ndjson'),
      '--batch',
      '00000000-0000-4000-8000-000000000000',
    );
    expect(unknown).toMatchObject({
      code: 1,
      json: { error: { code: 'SERVICE_REFUSED', service: { code: 'BATCH_UNKNOWN' } } },
    });
  });
});

describe('touchmark batch provision, when the service is killed', () => {
  it('waits for it and does the rest, with one certificate a device', async () => {
    const count = 300;
    const dataFolder = await makeDataFolder();
    const options = {
      dataFolder,
      publicPort: await freePort(),
      environment: { TOUCHMARK_ADMIN_PORT: String(await freePort()) },
    };
    let running = await ServiceProcess.start(options);
    try {
      const { file, results, proxy } = await held('killed', count, running.urls.admin);
      const provisioning = runCli([...provisionThrough(proxy, file, running), '--retries', '100'], { environment: {} });
      await untilWritten(results, provisioning);
      await running.kill();
      proxy.releaseAnswers();
      running = await ServiceProcess.start(options);
      expect(await provisioning).toMatchObject({ code: 0, json: { issued: count, refused: 0 } });
      await proxy.close();
      await checkResults(file, results, count);
      const page = await running.admin().get('/v1/devices?deviceSerialPrefix=killed-&limit=1000');
      const [device] = page.body.items;
      const certificates = await running.admin().get(`/v1/devices/${device.deviceRef}/certificates`);
      expect(certificates.body.items).toHaveLength(1);
    } finally {
      await running.kill();
      await removeDataFolder(dataFolder);
    }
  }, 120_000);
});
