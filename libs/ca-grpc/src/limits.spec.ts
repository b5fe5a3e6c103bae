import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RawCall, rawSession } from '../test/raw-call.js';
import { refusingCa, service, tlsConnection, World } from '../test/world.js';
import { callerLimits } from './caller-share.js';

let world: World;
const ending: (() => void)[] = [];
beforeEach(async () => {
  world = new World();
  world.ca = refusingCa;
  await world.listen();
});
afterEach(async () => {
  for (const end of ending.splice(0)) end();
  await world.close();
});

const responder = service('responder');
const enrollment = service('enrollment');
const MIB = 2 ** 20;

async function session(own = responder) {
  const opened = await rawSession(world.port, own);
  ending.push(() => opened.destroy());
  return opened;
}

const enrollmentIsAnswered = () => expect(world.connect(enrollment).describeAuthorities()).resolves.toHaveLength(1);

describe('what a caller may not call', () => {
  it('is refused by its headers: no message is waited for', async () => {
    const call = new RawCall(await session(), 'IssueCertificates').send(16 * MIB - 1, new Uint8Array(MIB));
    expect(await call.status).toBe(status.PERMISSION_DENIED);
    expect(world.refused).toMatchObject([{ code: 'CALL_NOT_ALLOWED' }]);
  });

  it('is no call at all', async () => {
    const call = new RawCall(await session(), 'ShutDown').send(1);
    expect(await call.status).toBe(status.UNIMPLEMENTED);
  });
});

describe('the responder', () => {
  it('sends messages of 1 MiB at most: a larger one is refused by its length', async () => {
    const call = new RawCall(await session(), 'RenewOcspSigners').send(MIB + 1);
    expect(await call.status).toBe(status.RESOURCE_EXHAUSTED);
  });

  it('has so many octets in flight; what exceeds them waits, and enrollment does not', async () => {
    const { octets, messageOctets } = callerLimits.responder;
    const [one, other] = [await session(), await session()];
    const unfinished = Array.from({ length: octets / messageOctets }, () =>
      new RawCall(one, 'RenewOcspSigners').send(messageOctets, new Uint8Array(MIB / 2)),
    );
    const first = new RawCall(one, 'DescribeAuthorities');
    expect(await first.status).toBe(status.PERMISSION_DENIED);
    let answered = false;
    const waits = new RawCall(other, 'RenewOcspSigners').send(0).end();
    const outcome = waits.status.finally(() => (answered = true));
    await new Promise((resolve) => other.ping(resolve));
    await enrollmentIsAnswered();
    expect(answered).toBe(false);
    unfinished[0]?.cancel();
    expect(await outcome).toBe(status.OK);
  });

  it('has so many calls open over all connections; enrollment is answered beside them', async () => {
    const { calls } = callerLimits.responder;
    const [one, other] = [await session(), await session()];
    const open = Array.from({ length: calls }, () => new RawCall(one, 'RenewOcspSigners'));
    // behind them on the same connection: when it is answered, they have come
    await new Promise((resolve) => one.ping(resolve));
    const refused = new RawCall(other, 'RenewOcspSigners').send(0).end();
    expect(await refused.status).toBe(status.UNAVAILABLE);
    expect(world.refused).toMatchObject([{ code: 'CALLER_OVER_LIMIT', context: { reason: 'CALLS' } }]);
    await enrollmentIsAnswered();
    for (const call of open) call.send(0).end();
    expect(await Promise.all(open.map((call) => call.status))).toEqual(open.map(() => status.OK));
    expect(await new RawCall(other, 'RenewOcspSigners').send(0).end().status).toBe(status.OK);
  });

  it('has so many connections, with whichever certificates; enrollment connects beside them', async () => {
    const { connections } = callerLimits.responder;
    for (let i = 0; i < connections; i++) await session(i % 2 === 0 ? responder : service('responder'));
    const refusal = world.nextRefusal();
    const refused = await tlsConnection(world.port, service('responder'));
    await once(refused.resume(), 'close');
    expect(await refusal).toBe('CONNECTIONS');
    await enrollmentIsAnswered();
  });

  it('that ended a connection may open another', async () => {
    const sessions = [];
    for (let i = 0; i < callerLimits.responder.connections; i++) sessions.push(await session());
    const [first] = sessions;
    first?.destroy();
    const client = world.connect(responder, { caller: 'responder' });
    await expect.poll(() => client.renewOcspSigners([]).catch(() => 'refused')).toEqual([]);
  });
});

it('connections that say nothing keep nobody out', async () => {
  const silent = await Promise.all(
    Array.from({ length: 300 }, async (): Promise<Socket> => {
      const socket = connectTcp(world.port, '127.0.0.1');
      socket.on('error', () => undefined);
      ending.push(() => socket.destroy());
      await once(socket, 'connect');
      return socket;
    }),
  );
  await enrollmentIsAnswered();
  expect(silent).toHaveLength(300);
});
