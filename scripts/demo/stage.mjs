// What the steps of the demo stand on: processes that end with it, commands that are shown as they are typed, and a line a step.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

export const root = path.resolve(import.meta.dirname, '../..');

export const say = (text = '') => process.stdout.write(`${text}\n`);

/** One step: says what is to come, does it, and says what came of it. What it throws ends the demo. */
export async function step(title, work) {
  say(`\n── ${title}`);
  const outcome = await work();
  say(`   ✓ ${outcome}`);
}

/** Throws with `text` unless `fact`. */
export function hold(fact, text) {
  if (!fact) throw new Error(text);
}

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** The processes and the folder of one demo, gone when it ends however it ends. */
export class Stage {
  #children = new Set();
  folder = '';

  async open() {
    // as root, PostgreSQL runs as another user, who must be able to pass through
    this.folder = await mkdtemp(path.join(process.geteuid?.() === 0 ? '/tmp' : tmpdir(), 'touchmark-demo-'));
    await chmod(this.folder, 0o711);
  }

  file(name) {
    return path.join(this.folder, name);
  }

  /** Starts a process of ours and waits until a line of it satisfies `ready`. */
  async start(script, environment, ready) {
    const child = spawn(process.execPath, [path.join(root, script)], {
      cwd: this.folder,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#children.add(child);
    const lines = [];
    const readyLine = Promise.withResolvers();
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line);
        if (ready(line)) readyLine.resolve();
      });
    child.once('close', (code) => {
      this.#children.delete(child);
      readyLine.reject(new Error(`${script} ended with ${code}:\n${lines.slice(-20).join('\n')}`));
    });
    await readyLine.promise;
    return { child, lines };
  }

  /** Runs a command; `show` prints it first, as a person would type it. Its stdout; throws unless its exit code is expected. */
  async run(command, args, { show = '', input, expect = 0, inherit = false, environment = {} } = {}) {
    if (show !== '') say(`   $ ${show}`);
    const child = spawn(command, args, {
      cwd: this.folder,
      env: { ...process.env, ...environment },
      stdio: ['pipe', inherit ? 'inherit' : 'pipe', inherit ? 'inherit' : 'pipe'],
    });
    this.#children.add(child);
    let out = '';
    let err = '';
    child.stdout?.setEncoding('utf8').on('data', (text) => (out += text));
    child.stderr?.setEncoding('utf8').on('data', (text) => (err += text));
    child.stdin.on('error', () => undefined).end(input ?? '');
    const [code] = await once(child, 'close');
    this.#children.delete(child);
    const fits = expect === 'any' || code === expect;
    hold(fits, `${show || command} ended with ${code}:\n${out}${err}`);
    return { out, err, code };
  }

  async end(child, signal = 'SIGTERM') {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'close');
    child.kill(signal);
    await closed;
  }

  async close() {
    // the newest first: the gateway before the service, the service before nothing
    for (const child of [...this.#children].toReversed()) {
      child.kill('SIGCONT');
      const stuck = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await this.end(child);
      clearTimeout(stuck);
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}
