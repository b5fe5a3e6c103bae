import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { SightingsReporter } from './sightings-reporter.js';

interface Sent {
  readonly sightings: readonly { certificate: string; at: number; source: string }[];
}

function setup(answer: (sent: Sent) => number | Error = () => 200) {
  const world = { sent: [] as Sent[], reported: 0, dropped: 0, errors: 0 };
  const reporter = new SightingsReporter({
    service: {
      async post(_path, body) {
        // the reporter's own form
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion
        const sent = body as Sent;
        const status = answer(sent);
        if (status instanceof Error) throw status;
        world.sent.push(sent);
        return { status, body: {} };
      },
    },
    interval: 60_000,
    onReported: (count) => (world.reported += count),
    onDropped: (count) => (world.dropped += count),
    onError: () => (world.errors += 1),
  });
  const note = (name: string, at: number, source = '192.0.2.1'): void => {
    const certificate = Buffer.from(name);
    reporter.note({ certificate, sha256: createHash('sha256').update(name).digest(), at, source });
  };
  return { world, reporter, note };
}

describe('SightingsReporter', () => {
  it('reports each certificate once, with the last time', async () => {
    const { world, reporter, note } = setup();
    note('a', 1);
    note('b', 2);
    note('a', 3);
    await reporter.report();
    await reporter.report();
    expect(world.sent).toHaveLength(1);
    expect(world.sent[0]?.sightings).toMatchObject([
      { certificate: Buffer.from('b').toString('base64'), at: 2 },
      { certificate: Buffer.from('a').toString('base64'), at: 3, source: '192.0.2.1' },
    ]);
    expect(world).toMatchObject({ reported: 2, errors: 0 });
  });

  it('sends at most 500 at once', async () => {
    const { world, reporter, note } = setup();
    for (let i = 0; i < 1_201; i++) note(`device ${i}`, i);
    await reporter.report();
    expect(world.sent.map(({ sightings }) => sightings.length)).toEqual([500, 500, 201]);
  });

  it('sends less at once where certificates are large: the service takes 1 MiB', async () => {
    const { world, reporter, note } = setup();
    for (let i = 0; i < 500; i++) note(`${i} `.padEnd(4_000, 'x'), i);
    await reporter.report();
    expect(world.sent.length).toBeGreaterThan(1);
    for (const sent of world.sent) expect(JSON.stringify(sent).length).toBeLessThan(1_048_576);
    expect(world.reported).toBe(500);
  });

  it.each([400, 413])(
    'leaves out the one that the service answers with %d, and reports its neighbours',
    async (status) => {
      const bad = Buffer.from('device 77').toString('base64');
      const { world, reporter, note } = setup(({ sightings }) =>
        sightings.some(({ certificate }) => certificate === bad) ? status : 200,
      );
      for (let i = 0; i < 300; i++) note(`device ${i}`, i);
      await reporter.report();
      expect(world).toMatchObject({ reported: 299, dropped: 1, errors: 1 });
      expect(reporter.size).toBe(0);
    },
  );

  it('keeps what is left of a batch that was halved when the service goes away', async () => {
    let calls = 0;
    const { world, reporter, note } = setup(() => [400, 200, 503][calls++] ?? 200);
    for (let i = 0; i < 10; i++) note(`device ${i}`, i);
    await reporter.report();
    expect(world).toMatchObject({ reported: 5, dropped: 0, errors: 1 });
    expect(reporter.size).toBe(5);
    await reporter.report();
    expect(world.reported).toBe(10);
  });

  it('says of a client whose address is gone that there is none', async () => {
    const { world, reporter, note } = setup();
    note('a', 1, 'unknown');
    await reporter.report();
    expect(world.sent[0]?.sightings[0]?.source).toBe('::');
  });

  it.each([
    ['an error', new Error('away')],
    ['503', 503],
    ['429', 429],
  ])('keeps what was answered with %s, but not over what is newer', async (_name, failure) => {
    let up = false;
    const { world, reporter, note } = setup(() => (up ? 200 : failure));
    note('a', 1);
    note('b', 1);
    const failed = reporter.report();
    note('a', 5);
    await failed;
    expect(world).toMatchObject({ reported: 0, errors: 1 });
    up = true;
    await reporter.report();
    const times = world.sent
      .at(-1)
      ?.sightings.map(({ certificate, at }) => [Buffer.from(certificate, 'base64').toString(), at]);
    expect(times?.toSorted()).toEqual([
      ['a', 5],
      ['b', 1],
    ]);
    expect(reporter.size).toBe(0);
  });

  it('lets the oldest go where more wait than it holds', () => {
    const { world, reporter, note } = setup();
    for (let i = 0; i < 50_010; i++) note(`device ${i}`, i);
    expect(reporter.size).toBe(50_000);
    expect(world.dropped).toBe(10);
  });

  it('reports a last time when it stops', async () => {
    const { world, reporter, note } = setup();
    reporter.start();
    note('a', 1);
    await reporter.stop();
    expect(world.reported).toBe(1);
  });
});
