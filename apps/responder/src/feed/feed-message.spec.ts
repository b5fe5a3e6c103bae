import { readFileSync } from 'node:fs';
import path from 'node:path';
import { TestCa, TestStatusChain, TestStatusSigner } from '@touchmark/testkit';
import { describe, expect, it } from 'vitest';
import { batchMessage, headMessage, signerOf, snapshotMessage } from './feed-message.js';

const documents = path.resolve(import.meta.dirname, '../../../../docs');
const read = (name: string): string => readFileSync(path.join(documents, name), 'utf8');

/** The octets of the last table of the vectors. */
function signedHead(): Uint8Array {
  const [, table = ''] = read('status-snapshot.md').split('### Vector: signed message');
  return Buffer.from([...table.matchAll(/^\| `([0-9a-f]+)` \|/gm)].map(([, hex]) => hex).join(''), 'hex');
}

describe('an event', () => {
  it('of a head is the one that docs/status-feed.md shows, to the octet', () => {
    const [, example] = /```text\n(event: head\n[\s\S]*?)```/.exec(read('status-feed.md')) ?? [];
    const { event } = headMessage({ epoch: 1, sequence: 10, time: 1_800_000_005, message: signedHead() });
    expect(event.toString('latin1')).toBe(example);
  });

  it('has the type of its message, and the last entry in its id', () => {
    const infrastructure = TestCa.root();
    const chain = new TestStatusChain(new TestStatusSigner(infrastructure, 'devices.test'), { epoch: 7 });
    const snapshot = snapshotMessage(chain.snapshot(5));
    const batch = batchMessage(chain.revoke(1));
    expect(String(snapshot.event)).toMatch(/^event: snapshot\nid: 7\.2\ndata: [A-Za-z0-9+/]+=*\n\n$/);
    expect(String(batch.event)).toMatch(/^event: batch\nid: 7\.3\ndata: [A-Za-z0-9+/]+=*\n\n$/);
    expect(Buffer.from(String(batch.base64), 'base64').equals(batch.signed)).toBe(true);
    expect([batch.after, batch.sequence, snapshot.time]).toEqual([2, 3, 5]);
    const { certificate, keyId } = chain.signer;
    const signer = signerOf({ certificate: certificate.der, issuerCertificate: infrastructure.der, notAfter: 0 });
    expect(signer.keyId).toBe(Buffer.from(keyId).toString('hex'));
    expect(batch.keyId).toBe(signer.keyId);
    const pair = [certificate.der, infrastructure.der].map((der) => Buffer.from(der).toString('base64'));
    expect(String(signer.event)).toBe(`event: signer\ndata: ${pair.join(' ')}\n\n`);
    expect(JSON.parse(String(signer.json))).toEqual(pair);
  });
});
