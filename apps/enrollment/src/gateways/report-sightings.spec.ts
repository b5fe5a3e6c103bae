import type { CaRefusal, Sighting, SightingOutcome } from '@touchmark/ca-port';
import { describe, expect, it } from 'vitest';
import { type GatewaySighting, ReportSightings } from './report-sightings.js';

const NOW = 1_800_000_000;
const der = (n: number): Uint8Array => Uint8Array.of(n);
const sighting = (n: number, at = NOW): GatewaySighting => ({ certificate: der(n), at, source: '127.0.0.1' });
const seen = (n: number, firstSighting = false): SightingOutcome => ({
  ok: true,
  firstSighting,
  deviceRef: `ref-${n}`,
});
const refused = (code: CaRefusal['code']): SightingOutcome => ({ ok: false, code, detail: '' });

function setup(outcomeOf: (n: number) => SightingOutcome | undefined) {
  const world = {
    asked: [] as Sighting[],
    first: [] as string[],
    last: [] as { deviceRef: string; at: number }[],
    unknown: [] as GatewaySighting[],
  };
  const report = new ReportSightings(
    {
      async confirmSeen(sightings) {
        world.asked.push(...sightings);
        return sightings.flatMap(({ certificate: [n = 0] }) => outcomeOf(n) ?? []);
      },
    },
    {
      async firstSeen(deviceRefs, gateway) {
        world.first.push(...deviceRefs.map((deviceRef) => `${deviceRef} by ${gateway}`));
      },
      async lastSeen(sightings) {
        world.last.push(...sightings.map(({ deviceRef, at }) => ({ deviceRef, at })));
      },
    },
    {
      async found(one) {
        world.unknown.push(one);
      },
    },
    () => NOW,
  );
  return { world, report };
}

describe('ReportSightings', () => {
  it('tells the CA of each certificate once, with the latest time, and the registry of each device', async () => {
    const { world, report } = setup((n) => seen(n, n === 2));
    const sightings = [sighting(1, NOW - 9), sighting(2, NOW - 5), sighting(1, NOW - 3), sighting(1, NOW - 8)];
    expect(await report.run('gw-1', sightings)).toEqual({ accepted: 4, unknown: 0 });
    expect(world.asked).toMatchObject([
      { certificate: der(1), at: NOW - 3 },
      { certificate: der(2), at: NOW - 5 },
    ]);
    expect(world.first).toEqual(['ref-2 by gw-1']);
    expect(world.last).toEqual([
      { deviceRef: 'ref-1', at: NOW - 3 },
      { deviceRef: 'ref-2', at: NOW - 5 },
    ]);
  });

  it('takes no time from a gateway that lies in the future', async () => {
    const { world, report } = setup((n) => seen(n));
    await report.run('gw-1', [sighting(1, NOW + 30), sighting(2, NOW + 86_400)]);
    expect(world.last.map(({ at }) => at)).toEqual([NOW, NOW]);
  });

  it('counts what the CA does not have, each sighting of it, and passes it on once', async () => {
    const { world, report } = setup((n) => (n === 1 ? seen(1) : refused('CERTIFICATE_UNKNOWN')));
    const result = await report.run('gw-1', [sighting(1), sighting(2), sighting(2), sighting(3)]);
    expect(result).toEqual({ accepted: 1, unknown: 3 });
    expect(world.unknown.map(({ certificate }) => certificate)).toEqual([der(2), der(3)]);
    expect(world.last).toHaveLength(1);
  });

  it.each(['CLOCK_UNTRUSTED', 'CA_UNAVAILABLE', 'INTERNAL'] as const)(
    'fails as a whole where the CA says %s, so that the gateway keeps its sightings',
    async (code) => {
      const { world, report } = setup((n) => (n === 1 ? seen(1) : refused(code)));
      await expect(report.run('gw-1', [sighting(1), sighting(2)])).rejects.toMatchObject({ code });
      expect(world).toMatchObject({ first: [], last: [], unknown: [] });
    },
  );

  it('fails where the CA left one without an answer', async () => {
    const { report } = setup(() => undefined);
    await expect(report.run('gw-1', [sighting(1)])).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});
