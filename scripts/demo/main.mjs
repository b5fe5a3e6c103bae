// `npm run demo`: the life of a device from the factory to its revocation, with real processes, and what the gateway does about it.
// Ends with exit code 0 only if every step held. `--devices N`: how many the factory makes, 1,000 by default.
import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openConnection } from './connection.mjs';
import { Device } from './device.mjs';
import { adminApi, commandLine, startGateway, startService, startUpstream } from './service.mjs';
import { freePort, hold, say, Stage, step } from './stage.mjs';

const { values } = parseArgs({ options: { devices: { type: 'string', default: '1000' } } });
const BATCH_SIZE = Number(values.devices);
if (!Number.isInteger(BATCH_SIZE) || BATCH_SIZE < 1) throw new TypeError('--devices takes a whole number from 1');

const milliseconds = (from, to) => `${(to - from).toFixed(1)} ms`;

async function demo(stage) {
  let service;
  let gateway;
  let upstream;
  let touchmark;
  const port = await freePort();

  await step('The service starts on an empty data folder', async () => {
    service = await startService(stage);
    touchmark = commandLine(stage, service);
    return 'CA, EST, REST, OCSP, CRLs and the status feed run';
  });

  await step(`A factory provisions ${BATCH_SIZE} devices`, async () => {
    const args = [
      '--generate',
      String(BATCH_SIZE),
      '--prefix',
      'unit-',
      '--keys-dir',
      'keys',
      '--model',
      'demo-sensor',
    ];
    await touchmark(['batch', 'provision', ...args], { inherit: true });
    const lines = (await readFile(stage.file('keys/requests.ndjson.results.ndjson'), 'utf8')).trim().split('\n');
    const issued = lines.filter((line) => JSON.parse(line).certificate !== undefined).length;
    hold(issued === BATCH_SIZE, `${issued} of ${BATCH_SIZE} devices got a certificate`);
    return `${issued} devices have an IDevID`;
  });

  const enrol = async (name) => {
    const args = ['--policy', 'default', '--model', 'demo-sensor', '--serial', name, '--json'];
    const { secret, deviceRef } = await touchmark(['token', 'enrollment', 'create', ...args]);
    const device = new Device(stage, { name, deviceRef, est: service.est });
    await device.enrol(secret);
    return device;
  };
  const ask = async (device) => {
    const line = `curl -sS -w '%{http_code}' --cacert root.pem --cert ${device.certificate} --key ${device.key} https://localhost:${port}/devices/${device.name}/hello`;
    const { out, err, code } = await stage.run('bash', ['-c', line], { show: line, expect: 'any' });
    say(`   ${(code === 0 ? out : err).trim().replaceAll('\n', ' ')}`);
    return { admitted: code === 0 && out.endsWith('200'), answer: out };
  };

  let thief;
  let honest;
  await step('A device enrols and rotates with curl and openssl alone', async () => {
    thief = await enrol('sensor-1');
    await thief.rotate();
    return `it has ${await thief.read(['-serial'])}, with a new key`;
  });
  await step('Another one enrols, which stays honest', async () => {
    honest = await enrol('sensor-2');
    return `it has ${await honest.read(['-serial'])}`;
  });

  await step('The gateway starts, and lets both in', async () => {
    upstream = await startUpstream(stage);
    gateway = await startGateway(stage, service, upstream, port);
    const { admitted, answer } = await ask(thief);
    hold(admitted && answer.includes('spiffe://devices.local/device/demo-sensor/sensor-1'), 'the device is not let in');
    hold((await ask(honest)).admitted, 'the honest device is not let in');
    return 'the upstream is told who asks, in a signed header';
  });

  await step('The service hears of it', async () => {
    const admin = await adminApi(service);
    const show = async () => admin('GET', `/v1/devices/${honest.deviceRef}`);
    const until = performance.now() + 10_000;
    let seen = await show();
    while (seen.lastSeenAt === null || seen.lastSeenAt === undefined) {
      hold(performance.now() < until, 'the sighting does not arrive');
      await setTimeout(100);
      seen = await show();
    }
    return `${honest.name} is ${seen.state}, last seen ${new Date(seen.lastSeenAt * 1000).toISOString()}`;
  });

  let stream;
  let idle;
  await step('The device opens a stream, and keeps a second connection', async () => {
    stream = await openConnection(stage, thief, port);
    stream.get(`/devices/${thief.name}/stream`);
    hold(await stream.until(() => stream.heard.includes('tick')), 'nothing comes over the stream');
    idle = await openConnection(stage, thief, port);
    idle.get(`/devices/${thief.name}/hello`);
    hold(await idle.until(() => idle.heard.includes('Hello,') && idle.session), 'the second connection has no answer');
    return 'both are open, and a TLS session can be resumed';
  });

  await step('An admin revokes the device', async () => {
    const admin = await adminApi(service);
    await admin('GET', `/v1/devices/${thief.deviceRef}`);
    say(`   POST /v1/devices/${thief.deviceRef}/revocation {"reason": "keyCompromise"}`);
    const sent = performance.now();
    await admin('POST', `/v1/devices/${thief.deviceRef}/revocation`, { reason: 'keyCompromise' });
    const acknowledged = performance.now();
    hold(await stream.until(() => stream.cutAt !== undefined), 'the stream goes on');
    hold(await idle.until(() => idle.cutAt !== undefined), 'the idle connection stands');
    say(`   acknowledged as durable   ${milliseconds(sent, acknowledged)} after the call was sent`);
    say(`   stream cut                ${milliseconds(sent, stream.cutAt)}`);
    say(`   idle connection cut       ${milliseconds(sent, idle.cutAt)}`);
    return 'its open connections are gone';
  });

  await step('Its next request is refused, and a resumed TLS session too', async () => {
    hold(!(await ask(thief)).admitted, 'the revoked device is let in');
    await refusesResumption(stage, thief, port, idle.session);
    hold((await ask(honest)).admitted, 'the honest device is refused with it');
    return 'the revoked one is out, the honest one in';
  });

  await step('OCSP and the CRL agree, judged by openssl', async () => {
    await crlHasIt(thief);
    const revoked = await thief.status();
    const good = await honest.status();
    hold(revoked.ocsp === 'revoked' && revoked.crl === 'revoked', `the revoked one: ${JSON.stringify(revoked)}`);
    hold(good.ocsp === 'good' && good.crl === 'good', `the honest one: ${JSON.stringify(good)}`);
    return 'revoked by both; the honest one is good by both';
  });

  await step('The service is gone, and the gateway goes by what it knows', async () => {
    await stage.end(service.child, 'SIGKILL');
    hold(!(await ask(thief)).admitted, 'the revoked device is let in');
    hold((await ask(honest)).admitted, 'the honest device is refused');
    return 'still refused, still let in';
  });

  await step('The gateway starts anew without the service', async () => {
    await stage.end(gateway.child, 'SIGKILL');
    gateway = await startGateway(stage, service, upstream, port);
    hold(!(await ask(thief)).admitted, 'the revoked device is let in');
    hold((await ask(honest)).admitted, 'the honest device is refused');
    return 'what it knew lay on its disk';
  });
}

/** What the CRL says is made anew within a second of the change: waits until it names the device's certificate. */
async function crlHasIt(device) {
  const until = performance.now() + 10_000;
  while ((await device.status({ quiet: true })).crl !== 'revoked')
    hold(performance.now() < until, 'the CRL does not name the revoked certificate');
}

/** A session of before the revocation resumes in TLS; the gateway must cut it all the same, and answer nothing on it. */
async function refusesResumption(stage, device, port, session) {
  const resumed = await openConnection(stage, device, port, session);
  resumed.get(`/devices/${device.name}/hello`);
  hold(await resumed.until(() => resumed.cutAt !== undefined || resumed.heard !== ''), 'nothing happened');
  say(`   TLS session resumed: ${resumed.resumed}; answered: ${JSON.stringify(resumed.heard.split('\r\n')[0])}`);
  hold(resumed.resumed, 'the session was not resumed, so this shows nothing');
  hold(!resumed.heard.includes(' 200 '), 'a resumed session is let in');
  resumed.close();
}

const stage = new Stage();
const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort());
await stage.open();
const started = performance.now();
try {
  const interrupted = new Promise((_resolve, reject) =>
    interrupt.signal.addEventListener('abort', () => reject(new Error('interrupted'))),
  );
  await Promise.race([demo(stage), interrupted]);
  say(`\nEvery step held, in ${((performance.now() - started) / 1000).toFixed(0)} s.`);
} catch (error) {
  say(`\n   ✗ ${error.message}\n\nThe demo failed.`);
  process.exitCode = 1;
} finally {
  await stage.close();
}
