import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Gate, refusingCa, service, tlsConnection, World } from '../test/world.js';

let world: World;
beforeEach(async () => {
  world = new World();
  world.ca = refusingCa;
  await world.listen();
});
afterEach(() => world.close());

/** Serial numbers of who was judged, in the order of the first time. */
function judged(): string[] {
  const seen: string[] = [];
  const { statusOf } = world;
  world.statusOf = (serialNumber) => {
    const hex = Buffer.from(serialNumber).toString('hex');
    if (!seen.includes(hex)) seen.push(hex);
    return statusOf(serialNumber);
  };
  return seen;
}

async function servedSerial(): Promise<string> {
  const socket = await tlsConnection(world.port, service('enrollment'));
  const serial = socket.getPeerX509Certificate()?.serialNumber.toLowerCase() ?? '';
  socket.destroy();
  return serial;
}

const hexOf = (serialNumber: Uint8Array): string => Buffer.from(serialNumber).toString('hex');

describe('certificates are exchanged without a restart', () => {
  it('the server presents the new one to the next connection, and open ones go on', async () => {
    const client = world.connect(service('enrollment'));
    await client.describeAuthorities();
    expect(await servedSerial()).toBe(hexOf(world.serverCredentials.serialNumber));
    world.serverCredentials.renew();
    expect(await servedSerial()).toBe(hexOf(world.serverCredentials.serialNumber));
    await expect(client.describeAuthorities()).resolves.toHaveLength(1);
  });

  it('the client presents the new one from the next call on, and a call that is open ends on the old one', async () => {
    const seen = judged();
    const own = service('enrollment');
    const client = world.connect(own);
    const gate = new Gate();
    world.ca = { ...refusingCa, describeAuthorities: gate.describeAuthorities };
    const first = hexOf(own.serialNumber);
    const open = client.describeAuthorities();
    await gate.entered;
    own.renew();
    await client.confirmSeen([]);
    expect(seen).toEqual([first, hexOf(own.serialNumber)]);
    gate.open();
    await expect(open).resolves.toEqual([]);
  });

  it('both sides again and again under load: no call fails', async () => {
    const seen = judged();
    const own = service('enrollment');
    const client = world.connect(own);
    const work = { running: true, answered: 0 };
    const caller = async (): Promise<void> => {
      while (work.running) {
        expect(await client.describeAuthorities()).toHaveLength(1);
        work.answered++;
      }
    };
    const load = Promise.all(Array.from({ length: 16 }, caller));
    for (let swap = 0; swap < 10; swap++) {
      const enough = work.answered + 50;
      if (swap % 2 === 0) own.renew();
      world.serverCredentials.renew();
      if (swap % 2 === 1) own.renew();
      while (work.answered < enough) await client.confirmSeen([]);
    }
    work.running = false;
    await load;
    expect(work.answered).toBeGreaterThan(500);
    expect(seen.at(-1)).toBe(hexOf(own.serialNumber));
    expect(seen.length).toBeGreaterThanOrEqual(10);
    expect(world.refused).toEqual([]);
    expect(world.errors).toEqual([]);
  });
});
