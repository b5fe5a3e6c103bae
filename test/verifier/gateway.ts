import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { TEST_NOW, TestFeed, TestStatus } from '@touchmark/testkit';
import { type StatusOptions, Verifier, type VerifierEvent, type VerifierOptions } from '@touchmark/verifier';

/** A gateway with its verifier, the feed that it follows, and a clock that the test sets. */
export class TestGateway implements AsyncDisposable {
  readonly status: TestStatus;
  readonly feed: TestFeed;
  readonly clock: { now: number };
  readonly cacheDir: string;
  readonly events: VerifierEvent[] = [];
  private readonly verifiers: Verifier[] = [];
  private watching: (() => void)[] = [];

  private constructor(status: TestStatus, feed: TestFeed, clock: { now: number }) {
    this.status = status;
    this.feed = feed;
    this.clock = clock;
    this.cacheDir = mkdtempSync(path.join(tmpdir(), 'touchmark-verifier-'));
  }

  static async start(status = new TestStatus()): Promise<TestGateway> {
    const clock = { now: TEST_NOW };
    return new TestGateway(status, await TestFeed.open(status, () => clock.now), clock);
  }

  /** A verifier with intervals short enough for a test; `first` and `longest` are the delays between attempts. */
  async open(status: Partial<StatusOptions> = {}, more: Partial<VerifierOptions> = {}): Promise<Verifier> {
    const verifier = await Verifier.open({
      trustAnchors: [this.status.root.der],
      now: () => this.clock.now,
      status: {
        source: { url: this.feed.url, tls: this.feed.tls },
        cacheDir: this.cacheDir,
        maxAge: 30,
        whenStale: 'deny',
        // Tests that wait for silence make it shorter.
        headInterval: 20,
        retry: { first: 0.01, longest: 0.05 },
        ...status,
      },
      onEvent: (event) => this.note(event),
      ...more,
    });
    this.verifiers.push(verifier);
    return verifier;
  }

  /** Code of the answer, or `accepted`. */
  verdict(verifier: Verifier, certificate: { readonly der: Uint8Array }): string {
    const answer = verifier.verify([certificate.der], { at: this.clock.now, purpose: 'client' });
    return answer.ok ? 'accepted' : answer.error.code;
  }

  /** Waits for the first event from now on of which this holds. */
  async next(holds: (event: VerifierEvent) => boolean): Promise<VerifierEvent> {
    const from = this.events.length;
    return this.since(from, holds);
  }

  /** The same, counted from an earlier number of events. */
  async since(from: number, holds: (event: VerifierEvent) => boolean): Promise<VerifierEvent> {
    for (;;) {
      const found = this.events.slice(from).find(holds);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        this.watching.push(resolve);
      });
    }
  }

  /** Waits until the verifier knows the journal up to where it is now. */
  async caughtUp(verifier: Verifier): Promise<void> {
    const { epoch, sequence } = this.status;
    const isThere = (): boolean => {
      const known = verifier.status();
      return known.epoch === epoch && known.sequence >= sequence;
    };
    // The event may be another verifier's.
    while (!isThere()) await this.next((event) => event.type === 'position');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.verifiers.map((verifier) => verifier.close()));
    await this.feed.close();
    rmSync(this.cacheDir, { recursive: true, force: true });
  }

  private note(event: VerifierEvent): void {
    this.events.push(event);
    for (const resolve of this.watching.splice(0)) resolve();
  }
}
