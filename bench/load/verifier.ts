import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { TEST_NOW, type TestCertificate, TestFeed, TestStatus } from '@touchmark/testkit';
import { Verifier } from '@touchmark/verifier';

/** A verifier with its first news, and devices for it to judge, at a time that stands still. */
export interface VerifierUnderLoad extends AsyncDisposable {
  readonly verifier: Verifier;
  readonly status: TestStatus;
  readonly devices: readonly TestCertificate[];
  readonly now: number;
}

export async function openVerifier(devices: number, maxKnownCertificates: number): Promise<VerifierUnderLoad> {
  const status = new TestStatus();
  const certificates = Array.from({ length: devices }, (_, n) => status.issueDevice(`SN-${n}`));
  const now = TEST_NOW;
  const feed = await TestFeed.open(status, () => now);
  const cacheDir = mkdtempSync(join(tmpdir(), 'touchmark-bench-'));
  const verifier = await Verifier.open({
    trustAnchors: [status.root.der],
    now: () => now,
    status: {
      source: { url: feed.url, tls: feed.tls },
      cacheDir,
      maxAge: 60,
      whenStale: 'deny',
      // Nothing but the work that is measured.
      headInterval: 3600,
    },
    maxKnownCertificates,
  });
  return {
    verifier,
    status,
    devices: certificates,
    now,
    async [Symbol.asyncDispose]() {
      await verifier.close();
      await feed.close();
      rmSync(cacheDir, { recursive: true, force: true });
    },
  };
}
