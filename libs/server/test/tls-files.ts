import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A throw-away CA with a certificate for localhost and one for a client, made by the openssl command. */
export interface TlsFiles {
  readonly folder: string;
  path(name: string): string;
  read(name: string): string;
  der(name: string): Uint8Array;
  remove(): void;
}

/** Files: ca, server, other-server, client, chain (client and its CA): `.pem` and `.key` each. */
export function makeTlsFiles(): TlsFiles {
  const folder = mkdtempSync(join(tmpdir(), 'touchmark-tls-'));
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Test CA', '-days', '2');
  for (const name of ['server', 'other-server', 'client']) {
    openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    writeFileSync(join(folder, 'ext'), name === 'client' ? '' : 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'ext'];
    openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...signed);
  }
  const path = (name: string): string => join(folder, name);
  const read = (name: string): string => readFileSync(path(name), 'utf8');
  writeFileSync(path('chain.pem'), read('client.pem') + read('ca.pem'));
  return {
    folder,
    path,
    read,
    der(name) {
      const base64 = read(name).replaceAll(/-----[^-]+-----|\s/g, '');
      return new Uint8Array(Buffer.from(base64, 'base64'));
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}
