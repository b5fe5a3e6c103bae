import { execFileSync, spawn } from 'node:child_process';
import { randomUUID, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { generateTestKey, makeTestRequest } from '@touchmark/testkit';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { curl, type CurlReply, posting } from './curl.js';
import { type DeviceFiles, type EstService, startEstService } from './est-service.js';

let service: EstService;
beforeAll(async () => {
  service = await startEstService(inject('databaseUrl'));
});
afterAll(() => service.close());

function openssl(args: string[], input?: Uint8Array): Buffer {
  return execFileSync('openssl', args, { cwd: service.folder, input, stdio: ['pipe', 'pipe', 'pipe'] });
}

const tls12 = ['--tls-max', '1.2'];
const tls13 = ['--tlsv1.3'];
const asDevice = ({ certFile, keyFile }: Pick<DeviceFiles, 'certFile' | 'keyFile'>) => [
  '--cert',
  certFile,
  '--key',
  keyFile,
];

/** What openssl sees in a certs-only answer: certificates as PEM, one after the other. */
function certificatesIn({ status, body }: CurlReply): string {
  if (status !== 200) throw new Error(`${status} ${body.toString()}`);
  return openssl(['pkcs7', '-inform', 'DER', '-print_certs'], Buffer.from(body.toString(), 'base64')).toString();
}

/** A key and a request with an empty subject, made by the openssl command. */
function opensslRequest(): { keyFile: string; csr: Buffer } {
  const keyFile = path.join(service.folder, `${randomUUID()}.key`);
  openssl(['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', keyFile]);
  return { keyFile, csr: openssl(['req', '-new', '-key', keyFile, '-subj', '/', '-outform', 'DER']) };
}

async function enrolByToken(deviceSerial: string, ...tls: string[]): Promise<{ certFile: string; keyFile: string }> {
  const token = await service.makeToken(deviceSerial);
  const { keyFile, csr } = opensslRequest();
  const args = [...tls, '-u', `:${token}`, ...posting(service, `${csr.toString('base64')}\n`)];
  const certFile = keyFile.replace('.key', '.pem');
  writeFileSync(certFile, certificatesIn(await curl(service, 'simpleenroll', ...args)));
  return { certFile, keyFile };
}

/** The LDevID CA as cacerts gives it out, and what openssl thinks of a certificate below it. */
async function verify(certFile: string): Promise<string> {
  const chain = path.join(service.folder, 'cacerts.pem');
  writeFileSync(chain, certificatesIn(await curl(service, 'cacerts')));
  return openssl(['verify', '-CAfile', service.caFile, '-untrusted', chain, certFile]).toString();
}

describe.each([
  { version: 'TLS 1.2', tls: tls12 },
  { version: 'TLS 1.3', tls: tls13 },
])('curl and openssl over $version', ({ version, tls }) => {
  const serial = (name: string) => `${name}-${version.replace(' ', '-')}`;

  it('enrol by token: a certificate that openssl verifies up to the root', async () => {
    const { certFile } = await enrolByToken(serial('CURL'), ...tls);
    expect(await verify(certFile)).toBe(`${certFile}: OK\n`);
    expect(openssl(['x509', '-in', certFile, '-noout', '-subject']).toString()).toBe(
      `subject=serialNumber = ${serial('CURL')}\n`,
    );
  });

  it('enrol by IDevID', async () => {
    const idevid = await service.makeIdevid(serial('FACTORY'));
    const { csr } = opensslRequest();
    const args = [...tls, ...asDevice(idevid), ...posting(service, csr.toString('base64'))];
    const pem = certificatesIn(await curl(service, 'idevids/simpleenroll', ...args));
    expect(new X509Certificate(pem).subject).toBe(`serialNumber=${serial('FACTORY')}`);
  });

  it('re-enrol with a request that openssl makes from the old certificate', async () => {
    const old = await enrolByToken(serial('ROTATE'), ...tls);
    const newKey = path.join(service.folder, `${randomUUID()}.key`);
    openssl(['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', newKey]);
    const copy = ['x509', '-x509toreq', '-in', old.certFile, '-signkey', newKey, '-copy_extensions', 'copyall'];
    const request = openssl(copy);
    const csr = openssl(['req', '-outform', 'DER'], request);
    const args = [...tls, ...asDevice(old), ...posting(service, csr.toString('base64'))];
    const pem = certificatesIn(await curl(service, 'simplereenroll', ...args));
    const child = new X509Certificate(pem);
    expect(child.subject).toBe(`serialNumber=${serial('ROTATE')}`);
    expect(child.serialNumber).not.toBe(new X509Certificate(readFileSync(old.certFile)).serialNumber);
  });
});

describe('what goes over the wire', () => {
  it('an issued certificate: alone, in the header fields and the letter case that libest and Bouncy Castle need', async () => {
    const token = await service.makeToken('WIRE-1');
    const body = makeTestRequest().der;
    const args = ['-u', `:${token}`, ...posting(service, Buffer.from(body).toString('base64'))];
    const reply = await curl(service, 'simpleenroll', ...args);
    expect(reply.headers).toContain('Content-Type: application/pkcs7-mime; smime-type=certs-only');
    expect(reply.headers).toContain('Content-Transfer-Encoding: base64');
    expect(reply.headers).toContain(`Content-Length: ${reply.body.length}`);
    expect(certificatesIn(reply).match(/BEGIN CERTIFICATE/g)).toHaveLength(1);
    expect(service.errors).toEqual([]);
  });

  it('cacerts without any credential: root and LDevID CA in one line with CRLF; with line breaks for libest', async () => {
    const reply = await curl(service, 'cacerts');
    const subjects = certificatesIn(reply).match(/^subject=.*$/gm);
    expect(subjects).toHaveLength(2);
    expect(reply.body.toString()).toMatch(/^[A-Za-z0-9+/]+={0,2}\r\n$/);
    const libest = await curl(service, 'cacerts', '-A', 'libest 1.0');
    expect(
      Math.max(
        ...libest.body
          .toString()
          .split('\r\n')
          .map((line) => line.length),
      ),
    ).toBe(64);
    expect(certificatesIn(libest)).toBe(certificatesIn(reply));
  });

  it('cacerts again with its ETag: 304 and nothing else', async () => {
    const { headers } = await curl(service, 'cacerts');
    const etag = headers.find((line) => line.startsWith('ETag: '))?.slice('ETag: '.length) ?? '';
    const again = await curl(service, 'cacerts', '-H', `If-None-Match: ${etag}`);
    expect([again.status, again.body.length]).toEqual([304, 0]);
    const libest = await curl(service, 'cacerts', '-H', `If-None-Match: ${etag}`, '-A', 'libest 1.0');
    expect(libest.status).toBe(200);
    const head = await curl(service, 'cacerts', '--head');
    expect([head.status, head.headers.includes(`ETag: ${etag}`)]).toEqual([200, true]);
  });

  it('csrattrs without any credential: openssl sees the key that the policy wants', async () => {
    const reply = await curl(service, 'tokens/csrattrs');
    expect(reply.headers).toContain('Content-Type: application/csrattrs');
    const parsed = openssl(['asn1parse', '-inform', 'DER'], Buffer.from(reply.body.toString(), 'base64')).toString();
    expect(parsed).toMatch(/id-ecPublicKey[\s\S]*prime256v1[\s\S]*ecdsa-with-SHA256/);
  });
});

describe('a request body', () => {
  const forms: { name: string; of: (der: Buffer) => string | Uint8Array; args?: string[] }[] = [
    { name: 'unwrapped', of: (der) => der.toString('base64') },
    { name: 'in lines of 64', of: (der) => der.toString('base64').replaceAll(/.{64}/g, '$&\n') },
    { name: 'in lines of 76 with CRLF', of: (der) => der.toString('base64').replaceAll(/.{76}/g, '$&\r\n') },
    { name: 'with spaces and tabs', of: (der) => ` \t${der.toString('base64').replaceAll(/.{10}/g, '$& \t')}` },
    {
      name: 'that says base64',
      of: (der) => der.toString('base64'),
      args: ['-H', 'Content-Transfer-Encoding: base64'],
    },
    {
      name: 'that says binary',
      of: (der) => der.toString('base64'),
      args: ['-H', 'Content-Transfer-Encoding: binary'],
    },
    { name: 'as raw DER', of: (der) => der },
    { name: 'as PEM', of: (der) => openssl(['req', '-inform', 'DER'], der) },
    { name: 'in chunks', of: (der) => der.toString('base64'), args: ['-H', 'Transfer-Encoding: chunked'] },
  ];

  it('in every form that clients send: the same certificate', async () => {
    const token = await service.makeToken('FORMS');
    const csr = Buffer.from(makeTestRequest().der);
    const seen = new Set<string>();
    for (const { name, of, args = [] } of forms) {
      const reply = await curl(service, 'simpleenroll', '-u', `FORMS:${token}`, ...args, ...posting(service, of(csr)));
      expect([name, reply.status]).toEqual([name, 200]);
      seen.add(reply.body.toString());
    }
    expect(seen.size).toBe(1);
  });
});

describe('the TLS connection', () => {
  it('TLS 1.1: no handshake', async () => {
    const output = await sClient(['-tls1_1', '-cipher', 'ALL:@SECLEVEL=0'], '');
    expect(output).toContain('Cipher is (NONE)');
    expect(output).toMatch(/alert protocol version|no protocols available/);
  });

  it.each(['-tls1_2', '-tls1_3'])(
    'EST-62: a resumed session without a certificate authenticates nobody (%s)',
    async (version) => {
      const session = path.join(service.folder, `session${version}`);
      const csr = Buffer.from(makeTestRequest().der).toString('base64');
      const fields = ['Host: localhost', 'Content-Type: application/pkcs10', `Content-Length: ${csr.length}`];
      const enroll = ['POST /.well-known/est/simpleenroll HTTP/1.1', ...fields, 'Connection: close', '', csr].join(
        '\r\n',
      );
      const first = await sClient([version, '-sess_out', session], enroll);
      expect(first).toContain('CREDENTIALS_MISSING');
      expect(existsSync(session)).toBe(true);
      const resumed = await sClient([version, '-sess_in', session], enroll);
      expect(resumed).toContain('Reused, ');
      expect(resumed).toContain('HTTP/1.1 401');
      expect(resumed).toContain('CREDENTIALS_MISSING');
    },
  );

  it.each(['-tls1_2', '-tls1_3'])('a resumed session with a certificate is judged again (%s)', async (version) => {
    const serial = `RESUME${version.replace('_', '.')}`;
    const device = await enrolByToken(serial);
    const identity = ['-cert', device.certFile, '-key', device.keyFile];
    const session = path.join(service.folder, `session-device${version}`);
    const copy = [
      'x509',
      '-x509toreq',
      '-in',
      device.certFile,
      '-signkey',
      device.keyFile,
      '-copy_extensions',
      'copyall',
    ];
    const csr = openssl(['req', '-outform', 'DER'], openssl(copy)).toString('base64');
    const fields = ['Host: localhost', 'Content-Type: application/pkcs10', `Content-Length: ${csr.length}`];
    const reenroll = ['POST /.well-known/est/simplereenroll HTTP/1.1', ...fields, 'Connection: close', '', csr].join(
      '\r\n',
    );
    expect(await sClient([version, ...identity, '-sess_out', session], reenroll)).toContain('HTTP/1.1 200');
    const resumed = await sClient([version, '-sess_in', session], reenroll);
    expect(resumed).toContain('Reused, ');
    expect(resumed).toContain('HTTP/1.1 200');
    await service.suspend(serial);
    expect(await sClient([version, '-sess_in', session], reenroll)).toContain('SUBJECT_HELD');
  });
});

/** One request through `openssl s_client`; resolves with everything it printed once the server has closed. */
async function sClient(args: string[], request: string): Promise<string> {
  const client = spawn('openssl', ['s_client', '-connect', `localhost:${service.port}`, '-ign_eof', ...args]);
  let output = '';
  client.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  client.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  // A client that found no common version is gone before it reads.
  client.stdin.on('error', () => undefined);
  client.stdin.write(request);
  await once(client, 'close');
  return output;
}

describe('a challengePassword', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'is the channel binding of its connection, or the request is refused (%s)',
    async (version) => {
      const token = await service.makeToken(`BOUND-${version.replace('.', '-')}`);
      const key = generateTestKey();
      const send = async (challengeOf: (socket: TLSSocket) => Buffer): Promise<string> => {
        const tls = { ca: service.caPem, minVersion: version, maxVersion: version };
        const socket = connect({ port: service.port, host: 'localhost', ...tls });
        await once(socket, 'secureConnect');
        const { der } = makeTestRequest({ key, challengePassword: challengeOf(socket).toString('base64') });
        const body = Buffer.from(der).toString('base64');
        const head = [
          'POST /.well-known/est/simpleenroll HTTP/1.1',
          'Host: localhost',
          `Authorization: Basic ${Buffer.from(`:${token}`).toString('base64')}`,
          'Content-Type: application/pkcs10',
          `Content-Length: ${body.length}`,
          'Connection: close',
        ];
        socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
        const chunks: Buffer[] = [];
        for await (const chunk of socket) chunks.push(chunk);
        return Buffer.concat(chunks).toString('latin1');
      };
      const own = (socket: TLSSocket): Buffer =>
        version === 'TLSv1.3'
          ? socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0))
          : (socket.getFinished() ?? Buffer.alloc(0));
      expect(await send(() => Buffer.alloc(32))).toMatch(/^HTTP\/1.1 401 [^]*CHANNEL_BINDING_MISMATCH/);
      expect(await send(own)).toMatch(/^HTTP\/1.1 200 /);
    },
  );
});
