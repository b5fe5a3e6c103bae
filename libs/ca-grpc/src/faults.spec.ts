import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { createSecureContext } from 'node:tls';
import { inspect } from 'node:util';
import { ChannelCredentials, Client, status } from '@grpc/grpc-js';
import { CaUnavailableError } from '@touchmark/ca-port';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Gate, issueRequest, refusingCa, service, tlsConnection, World } from '../test/world.js';

let world: World;
beforeEach(async () => {
  world = new World();
  world.ca = refusingCa;
  await world.listen();
});
afterEach(() => world.close());

const own = service('enrollment');

describe('deadlines', () => {
  it('a call that is not answered in time: CaUnavailableError, and the next one works', async () => {
    const client = world.connect(own, { deadlines: { other: 500 } });
    world.ca = { describeAuthorities: () => new Promise(() => undefined) };
    await expect(client.describeAuthorities()).rejects.toThrow(CaUnavailableError);
    world.ca = refusingCa;
    await expect(client.describeAuthorities()).resolves.toHaveLength(1);
  });

  it('issuing has its own', async () => {
    const client = world.connect(own, { deadlines: { issue: 50, other: 10_000 } });
    world.ca = { issueCertificates: () => new Promise(() => undefined) };
    await expect(client.issueCertificates([issueRequest(Uint8Array.of(1))])).rejects.toThrow(CaUnavailableError);
  });
});

describe('a CA that goes away', () => {
  it('in the middle of a call: CaUnavailableError', async () => {
    const client = world.connect(own);
    const gate = new Gate();
    world.ca = gate;
    const answer = client.describeAuthorities().catch((error: unknown) => error);
    await gate.entered;
    await world.stop();
    expect(await answer).toBeInstanceOf(CaUnavailableError);
  });

  it('not there: CaUnavailableError; back on the same port: connected again by itself', async () => {
    const client = world.connect(own);
    await client.describeAuthorities();
    const { port } = world;
    await world.stop();
    await expect(client.describeAuthorities()).rejects.toThrow(CaUnavailableError);
    await world.listen({ port });
    await expect(untilAnswered(() => client.describeAuthorities())).resolves.toHaveLength(1);
  });

  it('stopped with grace: the open call is answered', async () => {
    const client = world.connect(own);
    const gate = new Gate();
    world.ca = gate;
    const answer = client.describeAuthorities();
    await gate.entered;
    const stopped = world.stop(10_000);
    gate.open();
    await expect(answer).resolves.toEqual([]);
    client.close();
    await stopped;
  });
});

describe('errors', () => {
  it('the CA is not available: CaUnavailableError, which is no fault', async () => {
    world.ca = { describeAuthorities: () => Promise.reject(new CaUnavailableError(new Error('database'))) };
    await expect(world.connect(own).describeAuthorities()).rejects.toThrow(CaUnavailableError);
    expect(world.errors).toEqual([]);
  });

  it('a fault of the CA: CALL_FAILED, nothing of it reaches the caller, and it is reported', async () => {
    const fault = new TypeError('password=hunter2');
    world.ca = { describeAuthorities: () => Promise.reject(fault) };
    const error: unknown = await world
      .connect(own)
      .describeAuthorities()
      .catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'CALL_FAILED', context: { reason: 'INTERNAL' } });
    expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain('hunter2');
    expect(world.errors).toEqual([fault]);
  });

  it('an answer that the message cannot hold: CALL_FAILED', async () => {
    world.ca = {
      changeStatus: async () => [{ ok: true, position: { epoch: 1, sequence: 0.5 }, seatsChanged: 0 }],
    };
    const target = { kind: 'certificate', serialNumber: Uint8Array.of(1) } as const;
    const answer = world.connect(own).changeStatus([{ act: 'retire', target }]);
    await expect(answer).rejects.toMatchObject({ code: 'CALL_FAILED' });
  });

  it('an answer with fewer outcomes than were asked for: MESSAGE_MALFORMED', async () => {
    world.ca = { issueCertificates: async () => [] };
    const answer = world.connect(own).issueCertificates([issueRequest(Uint8Array.of(1))]);
    await expect(answer).rejects.toMatchObject({ code: 'MESSAGE_MALFORMED' });
  });
});

describe('size', () => {
  it('512 requests of 16 KiB in one call, answered in order', async () => {
    world.ca = {
      issueCertificates: async (requests) =>
        requests.map(({ csr }) => ({ ok: false, code: 'CSR_MALFORMED', detail: `${csr[0]} ${csr.length}` })),
    };
    const requests = Array.from({ length: 512 }, (_, i) => issueRequest(new Uint8Array(16_384).fill(i % 251)));
    const outcomes = await world.connect(own).issueCertificates(requests);
    expect(outcomes.map((outcome) => (outcome.ok ? '' : outcome.detail))).toEqual(
      requests.map((_, i) => `${i % 251} 16384`),
    );
  });

  it('more calls at a time than a connection has streams: 256 are open, the others wait their turn', async () => {
    const gate = new Gate();
    const open = { now: 0, most: 0 };
    const full = new Promise<void>((resolve) => {
      world.ca = {
        describeAuthorities: async () => {
          open.most = Math.max(open.most, ++open.now);
          if (open.now === 256) resolve();
          await gate.describeAuthorities();
          open.now--;
          return [];
        },
      };
    });
    const client = world.connect(own);
    await client.confirmSeen([]).catch(() => undefined);
    const answers = Promise.all(Array.from({ length: 600 }, () => client.describeAuthorities()));
    await full;
    gate.open();
    expect(await answers).toHaveLength(600);
    expect(open.most).toBe(256);
  });

  it('more than 16 MiB: not sent, MESSAGE_TOO_LARGE', async () => {
    const answer = world.connect(own).issueCertificates([issueRequest(new Uint8Array(17 * 1024 * 1024))]);
    await expect(answer).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
  });

  it('an answer of more than 16 MiB: MESSAGE_TOO_LARGE', async () => {
    const certificate = new Uint8Array(17 * 1024 * 1024);
    world.ca = { describeAuthorities: async () => [{ id: 'a', kind: 'root', certificate }] };
    await expect(world.connect(own).describeAuthorities()).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
  });
});

describe('a client that keeps to no limit', () => {
  it('a message of more than 16 MiB: RESOURCE_EXHAUSTED', async () => {
    expect(await rawCall(new Uint8Array(17 * 1024 * 1024))).toBe(status.RESOURCE_EXHAUSTED);
  });

  it('octets that are no message: refused, and no use case is asked', async () => {
    let asked = 0;
    world.ca = { issueCertificates: async () => (asked++, []) };
    expect(await rawCall(new Uint8Array(1000).fill(0xff))).toBe(status.INTERNAL);
    expect(asked).toBe(0);
  });

  it('an item without what it must have: INVALID_ARGUMENT', async () => {
    expect(await rawCall(Uint8Array.of(0x0a, 0))).toBe(status.INVALID_ARGUMENT);
  });
});

describe('garbage', () => {
  const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  const settings = Buffer.from('000000040000000000', 'hex');
  it.each<[string, Buffer]>([
    ['no HTTP/2 at all', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
    ['octets of chance', Buffer.alloc(4096, 0xa5)],
    ['a frame that says it is 16 MiB', Buffer.concat([preface, settings, Buffer.from('ffffff000100000001', 'hex')])],
    ['headers that are no HPACK', Buffer.concat([preface, settings, Buffer.from('000004010500000001ffffffff', 'hex')])],
    [
      'data on a stream that is not open',
      Buffer.concat([preface, settings, Buffer.from('00000100000000000141', 'hex')]),
    ],
  ])('%s: that connection ends, others go on', async (_, octets) => {
    const client = world.connect(own);
    await client.describeAuthorities();
    const socket = await tlsConnection(world.port, own);
    socket.write(octets);
    socket.resume();
    await once(socket, 'close');
    await expect(client.describeAuthorities()).resolves.toHaveLength(1);
    expect(world.errors).toEqual([]);
  });

  it('no TLS: the connection ends', async () => {
    const socket = connectTcp(world.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(preface);
    socket.resume();
    await once(socket, 'close');
    await expect(world.connect(own).describeAuthorities()).resolves.toHaveLength(1);
  });

  it('another protocol in ALPN: no connection', async () => {
    await expect(tlsConnection(world.port, own, ['http/1.1'])).rejects.toThrow();
  });
});

/** IssueCertificates with octets of one's own; answers the status. */
function rawCall(octets: Uint8Array): Promise<number> {
  const { key, cert, ca } = own.tls();
  const secureContext = createSecureContext({ key, cert, ca, allowPartialTrustChain: true });
  const trusting = ChannelCredentials.createFromSecureContext(secureContext, { checkServerIdentity: () => undefined });
  const client = new Client(`127.0.0.1:${world.port}`, trusting, {
    'grpc.max_send_message_length': -1,
    'grpc.ssl_target_name_override': 'ca',
  });
  return new Promise((resolve) => {
    client.makeUnaryRequest('/touchmark.ca.v1.Ca/IssueCertificates', asIs, asIs, octets, (error) => {
      client.close();
      resolve(error?.code ?? status.OK);
    });
  });
}

const asIs = (message: Uint8Array): Buffer => Buffer.from(message);

/** Asks until there is an answer: each attempt waits for the connection, so this does not spin. */
async function untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof CaUnavailableError)) throw error;
    }
  }
}
