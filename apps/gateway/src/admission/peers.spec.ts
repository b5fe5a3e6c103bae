import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Peers } from './peers.js';

const NOW = 1_800_000_000;

/** Connections are of the device that is `next`; the verifier believes everything. */
function setup(perDevice: number) {
  const world = { displaced: 0, next: 'S-1' };
  const verifier = {
    verify: () => ({ ok: true, device: { realm: 'a.local', model: 'm', deviceSerial: world.next } }),
    track: () => () => undefined,
    status: () => ({ epoch: 1 }),
  };
  // of a verifier only what is called is needed
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const peers = new Peers(verifier as never, () => NOW, { perDevice, onDisplaced: () => (world.displaced += 1) });
  const connect = (deviceSerial: string): Socket => {
    world.next = deviceSerial;
    const socket = new Socket();
    peers.admit(socket);
    return socket;
  };
  return { world, peers, connect };
}

const closed = (socket: Socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()));

describe('Peers', () => {
  it('closes the oldest connection of a device that has one too many, and none of another', async () => {
    const { world, peers, connect } = setup(2);
    const other = connect('S-2');
    const sockets = ['S-1', 'S-1', 'S-1', 'S-1'].map(connect);
    expect(sockets.map(({ destroyed }) => destroyed)).toEqual([true, true, false, false]);
    expect(other.destroyed).toBe(false);
    expect(world.displaced).toBe(2);
    await expect.poll(() => peers.size).toBe(3);
  });

  it('counts no connection that is closed', async () => {
    const { world, connect } = setup(1);
    const first = connect('S-1');
    const end = closed(first);
    first.destroy();
    await end;
    expect(connect('S-1').destroyed).toBe(false);
    expect(world.displaced).toBe(0);
  });
});
