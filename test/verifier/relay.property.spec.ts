import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { SeatValue } from '@touchmark/status-list';
import { TEST_NOW, type TestCertificate, TestFeed, TestStatus } from '@touchmark/testkit';
import { Verifier } from '@touchmark/verifier';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';

const DEVICES = 4;
const MAX_AGE = 20;

/** What a relay can do with what it has been given, and what else happens meanwhile. */
type Step =
  | { readonly kind: 'revoke'; readonly device: number }
  | { readonly kind: 'deliver' | 'repeat' | 'cut-inside'; readonly which: number }
  | { readonly kind: 'tamper'; readonly which: number; readonly bit: number }
  | { readonly kind: 'wait'; readonly seconds: number }
  | { readonly kind: 'head' | 'snapshot' };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('revoke' as const), device: fc.nat(DEVICES - 1) }),
  fc.record({ kind: fc.constantFrom('deliver' as const, 'repeat' as const, 'cut-inside' as const), which: fc.nat() }),
  fc.record({ kind: fc.constant('tamper' as const), which: fc.nat(), bit: fc.nat() }),
  fc.record({ kind: fc.constant('wait' as const), seconds: fc.nat(15) }),
  fc.record({ kind: fc.constantFrom('head' as const, 'snapshot' as const) }),
);

/** The service, which tells the truth, and a relay between it and the verifier, which does as it likes with it. */
class Relay {
  readonly clock: { now: number };
  readonly devices: readonly TestCertificate[];
  private readonly status: TestStatus;
  /** Everything that the service ever signed. */
  private readonly signed: { readonly type: 'snapshot' | 'batch' | 'head'; readonly message: Uint8Array }[] = [];
  private readonly feed: TestFeed;
  /** Position at which a device was revoked. */
  private readonly revokedAt = new Map<number, number>();

  constructor(feed: TestFeed, status: TestStatus, clock: { now: number }) {
    this.clock = clock;
    this.feed = feed;
    this.status = status;
    this.devices = Array.from({ length: DEVICES }, (_, n) => status.issueDevice(`A-${n}`));
  }

  async run(taken: Step): Promise<void> {
    const { status, clock } = this;
    switch (taken.kind) {
      case 'revoke':
        this.signed.push({ type: 'batch', message: status.change(this.device(taken.device), SeatValue.invalid) });
        if (!this.revokedAt.has(taken.device)) this.revokedAt.set(taken.device, status.sequence);
        break;
      case 'head':
        this.signed.push({ type: 'head', message: status.head(clock.now) });
        break;
      case 'snapshot':
        this.signed.push({ type: 'snapshot', message: status.snapshot(clock.now) });
        break;
      case 'wait':
        clock.now += taken.seconds;
        break;
      case 'deliver':
      case 'repeat':
      case 'cut-inside':
      case 'tamper':
        await this.relay(taken);
    }
  }

  /** What must never be: a revoked certificate accepted at a position that knows better, or anybody on knowledge that is too old. */
  wrong(verifier: Verifier): string[] {
    const { sequence, asOf } = verifier.status();
    return this.devices.flatMap((device, n) => {
      const answer = verifier.verify([device.der], { at: this.clock.now, purpose: 'client' });
      const revokedAt = this.revokedAt.get(n) ?? Number.POSITIVE_INFINITY;
      if (answer.ok && revokedAt <= sequence) return [`device ${n} accepted at ${sequence}, revoked at ${revokedAt}`];
      if (answer.ok && this.clock.now - asOf > MAX_AGE) return [`accepted at the age of ${this.clock.now - asOf}`];
      if (answer.ok || revokedAt <= sequence || this.clock.now - asOf > MAX_AGE) return [];
      return [`device ${n} refused without a reason: ${answer.error.code}`];
    });
  }

  private device(n: number): TestCertificate {
    const device = this.devices[n];
    if (device === undefined) throw new TypeError('no such device');
    return device;
  }

  private async relay(taken: Step & { readonly which: number }): Promise<void> {
    const item = this.signed[taken.which % Math.max(1, this.signed.length)];
    if (item === undefined) return;
    const { type, message } = item;
    if (taken.kind === 'tamper') {
      const bit = taken.bit % (message.length * 8);
      this.feed.send(type, message.with(bit >>> 3, (message[bit >>> 3] ?? 0) ^ (1 << (bit & 7))));
    } else if (taken.kind === 'cut-inside') {
      const again = this.feed.nextRequest();
      this.feed.sendRaw(
        `event: ${type}\ndata: ${Buffer.from(message)
          .toString('base64')
          .slice(0, taken.which % 300)}`,
      );
      this.feed.cut();
      await again;
      return;
    } else {
      this.feed.send(type, message);
      if (taken.kind === 'repeat') this.feed.send(type, message);
    }
    await this.arrived();
  }

  /** A message that is always refused in the same way shows that everything before it has been looked at. */
  private async arrived(): Promise<void> {
    const again = this.feed.nextRequest();
    this.feed.sendRaw('event: head\ndata: *\n\n');
    await again;
  }
}

it('whatever a relay does with what is signed: nobody is accepted who was revoked, or on knowledge that is too old', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
      const own = new TestStatus();
      const clock = { now: TEST_NOW };
      const feed = await TestFeed.open(own, () => clock.now);
      const relay = new Relay(feed, own, clock);
      const cacheDir = mkdtempSync(path.join(tmpdir(), 'touchmark-relay-'));
      const verifier = await Verifier.open({
        trustAnchors: [own.root.der],
        now: () => clock.now,
        status: {
          source: { url: feed.url, tls: feed.tls },
          cacheDir,
          maxAge: MAX_AGE,
          whenStale: 'deny',
          headInterval: 60,
          retry: { first: 0.001, longest: 0.001 },
        },
      });
      // From here on the relay answers with an open stream and what it likes.
      feed.script = ({ response }) => {
        feed.openStream(response);
        feed.sendSigner(own.signer);
      };
      try {
        for (const taken of steps) {
          await relay.run(taken);
          expect(relay.wrong(verifier)).toEqual([]);
        }
      } finally {
        await verifier.close();
        await feed.close();
        rmSync(cacheDir, { recursive: true, force: true });
      }
    }),
    { numRuns: 40 },
  );
});
