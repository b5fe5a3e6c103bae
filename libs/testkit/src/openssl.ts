import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A temporary folder in which the `openssl` command works; removed when disposed of (`using folder = new OpensslFolder()`). */
export class OpensslFolder implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), 'touchmark-openssl-'));

  write(name: string, contents: string | Uint8Array): void {
    writeFileSync(join(this.path, name), contents);
  }

  read(name: string): Uint8Array {
    return new Uint8Array(readFileSync(join(this.path, name)));
  }

  /** Runs one command, waits, and returns what it printed; throws if it fails. */
  run(...args: readonly string[]): string {
    return execFileSync('openssl', args, { cwd: this.path, stdio: ['ignore', 'pipe', 'pipe'] }).toString();
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
