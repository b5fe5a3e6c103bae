import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';

import { Oid } from '@touchmark/der';
import { SeatValue } from '@touchmark/status-list';
import { makeTestCrl, TEST_NOW, TestCa, type TestCertificate, TestFeed, TestStatus } from '@touchmark/testkit';
import type * as api from '@touchmark/verifier';
import { encodeName, encodePem, spkiSha256 } from '@touchmark/x509';
import { expect } from 'vitest';

type Names = Readonly<Record<string, unknown>>;

/** Runs a block with these names given, after these texts were replaced; answers the names that it made. */
export type RunBlock = (given: Names, replaced?: Readonly<Record<string, string>>) => Promise<Names>;

/** What surrounds a block of README: what it takes as given, and what must be so when it ran. */
export interface Scene {
  /** Names that the block uses and does not make, and their types in terms of `api` and `tls`. */
  readonly given: Readonly<Record<string, string>>;
  /** Names that it makes and the scene looks at. */
  readonly makes: readonly string[];
  play(verifier: typeof api, run: RunBlock): Promise<void>;
}

const FEED_TLS = 'api.FeedTls';
const now = (): number => TEST_NOW;

/** By the heading above the block. While they play, the clock says TEST_NOW. */
export const README_SCENES: Readonly<Record<string, Scene>> = {
  'Verify a path': {
    given: { chain: 'Uint8Array[]', spkiSha256: 'Uint8Array' },
    makes: ['result'],
    async play(_, run) {
      using folder = new Folder();
      const root = TestCa.root();
      const pem = encodePem('CERTIFICATE', root.der);
      const ca = root.issueCa();
      const device = ca.issue();
      const resultFor = async (leaf: TestCertificate, listed: TestCertificate): Promise<unknown> => {
        const key = spkiSha256(listed.certificate.subjectPublicKeyInfo);
        const given = { chain: [leaf.der, ca.der], spkiSha256: key };
        return (await run(given, { 'root.pem': folder.write('root.pem', pem) }))['result'];
      };
      expect(await resultFor(device, ca.issue())).toMatchObject({ ok: true });
      const stolen = await resultFor(device, device);
      expect(stolen).toMatchObject({ ok: false, error: { code: 'CERT_REVOKED', detail: { depth: 0 } } });
      expect(await resultFor(ca.issue({ extKeyUsage: null }), device)).toMatchObject({
        error: { code: 'EXT_KEY_USAGE_MISSING' },
      });
    },
  },

  'Follow a service': {
    given: { tls: FEED_TLS, rootDer: 'Uint8Array', server: 'tls.Server' },
    makes: ['verifier'],
    async play({ Verifier }, run) {
      await using world = await World.open();
      const { status, feed } = world;
      const gateway = status.issueInfrastructure('gateway/g-2');
      const server = world.serve(gateway);
      const given = { tls: feed.tls, rootDer: status.root.der, server };
      const { verifier } = await run(given, world.places);
      if (!(verifier instanceof Verifier)) throw new TypeError('the block opens a verifier');
      world.onClose(() => verifier.close());
      server.on('secureConnection', (socket: TLSSocket) => socket.write('hello'));
      const port = await listen(server);
      const dial = (credentials: object): TLSSocket =>
        connect({ port, host: 'localhost', rejectUnauthorized: false, ...credentials }).on('error', () => undefined);

      const device = status.issueDevice('A-1');
      const letIn = dial(pemOf(device));
      expect(String(await once(letIn, 'data'))).toBe('hello');
      await Promise.all([once(dial({}), 'close'), once(dial(pemOf(gateway)), 'data')]);
      const ended = once(letIn, 'close');
      feed.send('batch', status.change(device, SeatValue.invalid));
      await ended;
      await once(dial(pemOf(device)), 'close');
    },
  },

  'Devices of other vendors': {
    given: {
      now: '() => number',
      status: 'api.StatusOptions',
      rootDer: 'Uint8Array',
      vendorRootDer: 'Uint8Array',
      vendorIssuingDer: 'Uint8Array',
      vendorCrls: 'Uint8Array[]',
    },
    makes: ['verifier'],
    async play({ Verifier }, run) {
      await using world = await World.open();
      const { status: service, feed } = world;
      const vendor = TestCa.root({ subject: 'Vendor' });
      const issuing = vendor.issueCa({ subject: 'Vendor Issuing' });
      const [idevid, lost] = [issuing.issue({ extKeyUsage: null }), issuing.issue({ extKeyUsage: null })];
      const { serialNumber } = lost.certificate;
      const status = {
        source: { url: feed.url, tls: feed.tls },
        cacheDir: world.cacheDir,
        maxAge: 60,
        whenStale: 'deny',
      };
      const { verifier } = await run({
        now,
        status,
        rootDer: service.root.der,
        vendorRootDer: vendor.der,
        vendorIssuingDer: issuing.der,
        vendorCrls: [makeTestCrl(vendor), makeTestCrl(issuing, { entries: [{ serialNumber }] })],
      });
      if (!(verifier instanceof Verifier)) throw new TypeError('the block opens a verifier');
      world.onClose(() => verifier.close());
      const answers = [idevid, lost, service.issueDevice('A-1')].map(({ der }) =>
        verifier.verify([der], { at: TEST_NOW, purpose: 'client' }),
      );
      expect(answers).toMatchObject([
        { ok: true, names: { uris: [] } },
        { ok: false, error: { code: 'CERT_REVOKED' } },
        { ok: true, device: { deviceSerial: 'A-1' } },
      ]);
    },
  },

  'Names of a device': {
    given: { leaf: 'api.Certificate', hardware: 'Map<string, string>', serialNumbers: 'Map<string, string>' },
    makes: ['deviceSerial'],
    async play({ parseCertificate }, run) {
      const vendor = TestCa.root();
      const subject = encodeName([{ type: Oid.serialNumber, value: 'SN-1' }]);
      const hwSerialNum = Uint8Array.of(1, 0xff);
      const module = { kind: 'hardwareModuleName', hwType: '1.2.3', hwSerialNum } as const;
      const maps = { serialNumbers: new Map([['SN-1', 'A-1']]), hardware: new Map([['1.2.3 01ff', 'A-2']]) };
      const serialFor = async (subjectAltName: (typeof module)[] | null): Promise<unknown> => {
        const leaf = parseCertificate(vendor.issueDer({ subject, subjectAltName }));
        return (await run({ leaf, ...maps }))['deviceSerial'];
      };
      expect(await serialFor(null)).toBe('A-1');
      expect(await serialFor([module])).toBe('A-2');
      await expect(serialFor([module, module])).rejects.toMatchObject({ code: 'IDENTITY_MALFORMED' });
    },
  },

  'Server names': {
    given: { verifier: 'api.Verifier', now: '() => number', tls: FEED_TLS, host: 'string', port: 'number' },
    makes: ['socket'],
    async play({ Verifier }, run) {
      await using world = await World.open();
      const { status, feed } = world;
      const source = { url: feed.url, tls: feed.tls };
      const verifier = await Verifier.open({
        trustAnchors: [status.root.der],
        now,
        status: { source, cacheDir: world.cacheDir, maxAge: 60, whenStale: 'deny' },
      });
      world.onClose(() => verifier.close());
      const server = world.serve(
        status.issueInfrastructure('service/upstream', {
          subjectAltName: [{ kind: 'dNSName', value: 'localhost' }],
          extKeyUsage: [Oid.serverAuth],
        }),
      );
      const port = await listen(server);
      const given = { verifier, now, tls: feed.tls, port };

      const received = once(server, 'secureConnection').then(async ([socket]) => once(socket, 'data'));
      const { socket: told } = await run({ ...given, host: 'localhost' });
      expect(String(await received)).toBe('hello');
      if (!isSocket(told)) throw new TypeError('the block opens a connection');
      told.destroy();

      const { socket: refused } = await run({ ...given, host: '127.0.0.1' });
      if (!isSocket(refused)) throw new TypeError('the block opens a connection');
      const [error] = await once(refused, 'error');
      expect(error).toMatchObject({ code: 'SERVER_NAME_MISMATCH' });
    },
  },
};

/** A service whose status can be followed, a folder, and what must be closed in the end. */
class World implements AsyncDisposable {
  readonly status: TestStatus;
  readonly feed: TestFeed;
  readonly cacheDir = mkdtempSync(path.join(tmpdir(), 'touchmark-readme-'));
  private readonly closing: (() => unknown)[] = [];

  private constructor(status: TestStatus, feed: TestFeed) {
    this.status = status;
    this.feed = feed;
  }

  static async open(): Promise<World> {
    const status = new TestStatus();
    return new World(status, await TestFeed.open(status, now));
  }

  /** Where the feed and the folder of README are in truth. */
  get places(): Readonly<Record<string, string>> {
    return { 'https://status.example.com:8444': this.feed.url, './status': this.cacheDir };
  }

  serve(certificate: TestCertificate): Server {
    const server = createServer({ ...pemOf(certificate), requestCert: true, rejectUnauthorized: false });
    this.closing.push(() => server.close());
    return server;
  }

  onClose(close: () => unknown): void {
    this.closing.push(close);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.closing.toReversed()) await close();
    await this.feed.close();
    rmSync(this.cacheDir, { recursive: true, force: true });
  }
}

/** A folder that is gone with the scene. */
class Folder implements Disposable {
  private readonly place = mkdtempSync(path.join(tmpdir(), 'touchmark-readme-'));

  write(name: string, text: string): string {
    const file = path.join(this.place, name);
    writeFileSync(file, text);
    return file;
  }

  [Symbol.dispose](): void {
    rmSync(this.place, { recursive: true, force: true });
  }
}

async function listen(server: Server): Promise<number> {
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port');
  return address.port;
}

function isSocket(value: unknown): value is TLSSocket {
  return value !== null && typeof value === 'object' && 'destroy' in value;
}

function pemOf({ der, key }: TestCertificate): { cert: string; key: string } {
  return {
    cert: encodePem('CERTIFICATE', der),
    key: key.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  };
}
