import type { JournalPosition } from '@touchmark/ca-port';
import { BATCHES_PER_READ, type PublishedBatch, type PublishedHead, type PublishedSnapshot } from '@touchmark/store';
import { TestCa, TestStatusChain, TestStatusSigner } from '@touchmark/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { FeedHub } from './feed-hub.js';
import type { FeedMessage } from './feed-message.js';
import type { StatusMessages } from './status-messages.js';

const infrastructure = TestCa.root();
const signer = new TestStatusSigner(infrastructure, 'devices.test');
const NOW = 1_800_000_000;

/** The publication views, in memory. */
class Published implements StatusMessages {
  batches: PublishedBatch[] = [];
  snapshots: PublishedSnapshot[] = [];
  head: PublishedHead | undefined;
  known = [signer];
  failure: Error | undefined;
  reads = 0;
  signerReads = 0;

  async news(after: JournalPosition) {
    this.reads += 1;
    if (this.failure) throw this.failure;
    const batches = this.batches
      .filter(({ epoch, first }) => epoch === after.epoch && first > after.sequence)
      .slice(0, BATCHES_PER_READ);
    return { head: this.head, snapshot: this.snapshots.at(-1), batches };
  }

  async snapshot(at: JournalPosition) {
    return this.snapshots.findLast(({ epoch, sequence }) => epoch === at.epoch && sequence === at.sequence);
  }

  async startOfNewest(epoch: number, { count }: { count: number }) {
    const first = this.batches.filter((batch) => batch.epoch === epoch).slice(-count)[0]?.first;
    return first === undefined ? undefined : first - 1;
  }

  async signers() {
    this.signerReads += 1;
    return this.known.map(({ certificate, issuer }) => ({
      certificate: certificate.der,
      issuerCertificate: issuer.der,
      notAfter: certificate.certificate.notAfter,
    }));
  }
}

let published: Published;
let chain: TestStatusChain;
let hub: FeedHub;
let log: string[];
let told: string[];

const note = ({ type, epoch, sequence }: FeedMessage): string => `${type} ${epoch}.${sequence}`;

beforeEach(() => {
  published = new Published();
  chain = new TestStatusChain(signer);
  published.batches.push(chain.opening);
  published.snapshots.push(chain.snapshot(NOW));
  published.head = chain.head(NOW);
  log = [];
  const say = (fields: object): void => {
    if ('err' in fields && fields.err instanceof Error)
      log.push('code' in fields.err ? String(fields.err.code) : fields.err.message);
  };
  hub = new FeedHub(published, { info: () => undefined, warn: say, error: say }, { batches: 3, octets: 2 ** 20 });
  told = [];
  hub.add({ take: (message) => told.push(note(message)), beginAgain: () => told.push('again') });
});

const knows = (): string[] | undefined => hub.window?.since(undefined).map(note);

describe('the hub', () => {
  it('loads the newest snapshot, the batches around it, and the head', async () => {
    await hub.refresh();
    expect(knows()).toEqual(['snapshot 1.2', 'head 1.2']);
    expect(hub.window?.since({ epoch: 1, sequence: 0 }).map(note)).toEqual(['batch 1.2', 'head 1.2']);
    expect(hub.headTime).toBe(NOW);
  });

  it('tells what came since, in order, reading once whatever the number of followers', async () => {
    await hub.refresh();
    const others = Array.from({ length: 50 }, () => {
      const heard: string[] = [];
      hub.add({ take: (message) => heard.push(note(message)), beginAgain: () => heard.push('again') });
      return heard;
    });
    published.batches.push(chain.revoke(1), chain.revoke(2));
    published.head = chain.head(NOW + 1);
    published.reads = 0;
    await hub.refresh();
    expect(published.reads).toBe(1);
    for (const heard of others) expect(heard).toEqual(['batch 1.3', 'batch 1.4', 'head 1.4']);
  });

  it('tells nothing twice, and no head that is older', async () => {
    await hub.refresh();
    told.length = 0;
    await hub.refresh();
    published.head = chain.head(NOW - 1);
    await hub.refresh();
    expect(told).toEqual([]);
  });

  it('tells a batch before there is a head of it', async () => {
    await hub.refresh();
    told.length = 0;
    published.batches.push(chain.revoke(1));
    await hub.refresh();
    expect(told).toEqual(['batch 1.3']);
    published.head = chain.head(NOW + 1);
    await hub.refresh();
    expect(told).toEqual(['batch 1.3', 'head 1.3']);
  });

  it('reads on until all batches are there', async () => {
    await hub.refresh();
    told.length = 0;
    for (let i = 0; i < BATCHES_PER_READ * 2 + 1; i += 1) published.batches.push(chain.revoke(i));
    await hub.refresh();
    expect(told).toHaveLength(BATCHES_PER_READ * 2 + 1);
    expect(hub.window?.end).toBe(chain.sequence);
  });

  it('takes a later snapshot for those who come, and tells nobody of it', async () => {
    await hub.refresh();
    told.length = 0;
    published.batches.push(chain.revoke(1));
    published.snapshots.push(chain.snapshot(NOW + 1));
    published.head = chain.head(NOW + 1);
    await hub.refresh();
    expect(told).toEqual(['batch 1.3', 'head 1.3']);
    expect(knows()).toEqual(['snapshot 1.3', 'head 1.3']);
  });

  it('takes a snapshot that was made anew at the same place', async () => {
    await hub.refresh();
    published.snapshots = [chain.snapshot(NOW + 600)];
    await hub.refresh();
    expect(hub.window?.snapshot.time).toBe(NOW + 600);
    published.snapshots = [chain.snapshot(NOW)];
    await hub.refresh();
    expect(hub.window?.snapshot.time).toBe(NOW + 600);
  });

  it('begins again with the snapshot of a new epoch, and not before it is there', async () => {
    await hub.refresh();
    told.length = 0;
    const next = new TestStatusChain(signer, { epoch: 2 });
    published.batches.push(next.opening);
    published.head = next.head(NOW + 1);
    await hub.refresh();
    expect(told).toEqual([]);
    expect(knows()).toEqual(['snapshot 1.2', 'head 1.2']);
    published.snapshots.push(next.snapshot(NOW + 1));
    await hub.refresh();
    expect(told).toEqual(['again']);
    expect(knows()).toEqual(['snapshot 2.2', 'head 2.2']);
  });

  it('loads everything where batches are missing', async () => {
    await hub.refresh();
    told.length = 0;
    chain.revoke(1);
    published.batches.push(chain.revoke(2));
    published.snapshots.push(chain.snapshot(NOW + 1));
    published.head = chain.head(NOW + 1);
    await hub.refresh();
    expect(log).toEqual(['no journal batch begins behind entry 2']);
    expect(knows()).toEqual(['snapshot 1.2', 'head 1.2']);
    // what came before the gap is gone from the database too
    published.batches.shift();
    await hub.refresh();
    expect(told).toEqual(['again']);
    expect(knows()).toEqual(['snapshot 1.4', 'head 1.4']);
  });

  it('relays nothing of a database that went back', async () => {
    const later = new TestStatusChain(signer, { epoch: 2 });
    const { batches, snapshots } = published;
    published.batches = [later.opening];
    published.snapshots = [later.snapshot(NOW)];
    published.head = later.head(NOW);
    await hub.refresh();
    told.length = 0;
    published.batches = batches;
    published.snapshots = snapshots;
    published.head = chain.head(NOW + 9);
    await hub.refresh();
    expect(log).toEqual(['JOURNAL_WENT_BACK']);
    expect(told).toEqual([]);
    expect(knows()).toEqual(['snapshot 2.2', 'head 2.2']);
  });

  it('goes on by itself when the database is back', async () => {
    await hub.refresh();
    told.length = 0;
    published.failure = new Error('away');
    await hub.refresh();
    await hub.refresh();
    expect(log).toEqual(['away']);
    published.failure = undefined;
    published.batches.push(chain.revoke(1));
    await hub.refresh();
    expect(told).toEqual(['batch 1.3']);
  });

  it('knows nothing until there is a snapshot', async () => {
    published.snapshots = [];
    await hub.refresh();
    expect(hub.window).toBeUndefined();
    expect(log).toEqual([]);
  });
});

describe('signers', () => {
  it('are read when a message names a key that is not known, before it is told', async () => {
    await hub.refresh();
    expect(published.signerReads).toBe(1);
    const other = new TestStatusSigner(infrastructure, 'devices.test');
    published.known.push(other);
    chain.signer = other;
    published.batches.push(chain.revoke(1));
    published.head = chain.head(NOW + 1);
    const known: boolean[] = [];
    hub.add({ take: ({ keyId }) => known.push(hub.signer(keyId) !== undefined), beginAgain: () => undefined });
    await hub.refresh();
    expect(known).toEqual([true, true]);
    expect(published.signerReads).toBe(2);
  });

  it('without a certificate sign nothing that is relayed, until it is published', async () => {
    await hub.refresh();
    told.length = 0;
    const other = new TestStatusSigner(infrastructure, 'devices.test');
    chain.signer = other;
    published.batches.push(chain.revoke(1));
    await hub.refresh();
    expect(log).toEqual(['STATUS_SIGNER_UNKNOWN']);
    expect(told).toEqual([]);
    published.known.push(other);
    await hub.refresh();
    expect(told).toEqual(['batch 1.3']);
  });
});
