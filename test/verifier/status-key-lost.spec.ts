import { MAX_BUCKET_END, SeatValue } from '@touchmark/status-list';
import { TEST_NOW, type TestCertificate } from '@touchmark/testkit';
import { spkiSha256 } from '@touchmark/x509';
import { describe, expect, it } from 'vitest';

import { TestGateway } from './gateway.js';

type TestVerifier = Awaited<ReturnType<TestGateway['open']>>;

const DAY = 86_400;
const ended = { notBefore: TEST_NOW - 90 * DAY, notAfter: TEST_NOW - DAY };

/** Code of the next refusal of a message, or `position` if something is taken instead. */
async function outcomeOf(gateway: TestGateway, send: () => void): Promise<string> {
  const decided = gateway.next(
    (event) => event.type === 'position' || (event.type === 'refused' && event.what === 'message'),
  );
  send();
  const event = await decided;
  return event.type === 'refused' ? event.code : event.type;
}

/** A device of which the verifier knows that it is revoked. */
async function revokedDevice(gateway: TestGateway, verifier: TestVerifier): Promise<TestCertificate> {
  const { status, feed } = gateway;
  const device = status.issueDevice('A-1');
  feed.send('batch', status.change(device, SeatValue.invalid));
  await gateway.caughtUp(verifier);
  expect(gateway.verdict(verifier, device)).toBe('CERT_REVOKED');
  return device;
}

describe('Who has an old or stolen status key', () => {
  it.each<[string, { epoch?: number; sequence?: number }, number, 'ended' | 'current', string]>([
    ['ended: more entries, in its own time', { sequence: 1000 }, -DAY, 'ended', 'SIGNER_REFUSED'],
    ['ended: a new epoch, in its own time', { epoch: 9, sequence: 1 }, -DAY, 'ended', 'SIGNER_REFUSED'],
    ['ended: more entries, now', { sequence: 1000 }, 0, 'ended', 'SIGNER_REFUSED'],
    ['in its dates: more entries, before the last head', { sequence: 1000 }, -1, 'current', 'SNAPSHOT_CONTRADICTS'],
    ['in its dates: the same position with other seats', {}, 1, 'current', 'SNAPSHOT_CONTRADICTS'],
  ])('%s: no seat is regained', async (_name, claimed, seconds, dates, code) => {
    await using gateway = await TestGateway.start();
    const { status, feed, clock } = gateway;
    const signer = status.issueSigner(dates === 'ended' ? ended : {});
    const verifier = await gateway.open();
    const device = await revokedDevice(gateway, verifier);
    const known = verifier.status();
    const message = status.snapshot(clock.now + seconds, { ...claimed, signer, forgiving: true });
    feed.sendSigner(signer);
    expect(await outcomeOf(gateway, () => feed.send('snapshot', message))).toBe(code);
    expect(verifier.status()).toEqual(known);
    expect(gateway.verdict(verifier, device)).toBe('CERT_REVOKED');
  });

  it('ended: makes up no first snapshot, to which true heads would then fit', async () => {
    await using gateway = await TestGateway.start();
    const { status, feed, clock } = gateway;
    const signer = status.issueSigner(ended);
    const device = status.issueDevice('A-1');
    status.change(device, SeatValue.invalid);
    const forged = status.snapshot(ended.notAfter, { signer, forgiving: true });
    feed.script = ({ response }) => {
      feed.openStream(response);
      for (const one of [signer, status.signer]) feed.sendSigner(one);
      feed.send('snapshot', forged);
      feed.send('head', status.head(clock.now));
    };
    const verifier = await gateway.open({ whenStale: 'allow' });
    expect(gateway.events).toContainEqual({ type: 'refused', what: 'message', code: 'SIGNER_REFUSED' });
    expect(verifier.status().epoch).toBe(0);
    feed.script = (exchange) => feed.answerHonestly(exchange);
    await gateway.caughtUp(verifier);
    expect(gateway.verdict(verifier, device)).toBe('CERT_REVOKED');
  });

  it.each(['revoked', 'still valid'])(
    '%s: an older snapshot that fits the history, but not the seats, does not get into the cache folder',
    async (standing) => {
      await using gateway = await TestGateway.start();
      const { status, feed, clock } = gateway;
      const stolen = status.issueSigner();
      const verifier = await gateway.open();
      const device = await revokedDevice(gateway, verifier);
      if (standing === 'revoked') feed.send('batch', status.change(stolen.certificate, SeatValue.invalid));
      const seats = Array.from({ length: 350_000 }, (_, n) => ({ index: 1000 + n, value: SeatValue.suspended }));
      await gateway.caughtUp(verifier);
      const forged = status.snapshot(clock.now, { signer: stolen, forgiving: true });
      const [asked, refused] = [
        feed.nextRequest(),
        gateway.next((event) => event.type === 'refused' && event.code === 'SEQUENCE_BACK'),
      ];
      feed.script = ({ response }) => {
        feed.openStream(response);
        feed.sendSigner(stolen);
        feed.send('snapshot', forged);
        feed.sendHead();
      };
      // the file has grown, and a snapshot is asked for
      feed.send('batch', status.append([{ kind: 'seats', listId: 2, seats }]));
      expect((await asked).after).toBeUndefined();
      await refused;
      await verifier.close();
      feed.script = ({ request }) => request.socket.destroy();
      const again = await gateway.open();
      expect(again.status()).toMatchObject({ sequence: status.sequence, stale: false });
      expect(gateway.verdict(again, device)).toBe('CERT_REVOKED');
    },
  );

  it.each(['knew', 'never knew'])(
    'revoked, and its list retired: says nothing to one that %s the list',
    async (who) => {
      await using gateway = await TestGateway.start();
      const { status, feed, clock } = gateway;
      const dates = { notBefore: TEST_NOW - 2 * DAY, notAfter: TEST_NOW + 80 * DAY };
      const lost = status.issueSigner(dates);
      const issuerKeyId = spkiSha256(status.infrastructure.key.subjectPublicKeyInfo);
      const verifier = await gateway.open();
      const device = await revokedDevice(gateway, verifier);
      feed.send(
        'batch',
        status.append([
          { kind: 'list-opened', listId: 4, issuerKeyId, bucketEnd: MAX_BUCKET_END },
          { kind: 'block-leased', listId: 4, leasedTo: 16 },
        ]),
      );
      feed.send('batch', status.change(lost.certificate, SeatValue.invalid));
      status.signer = status.issueSigner({ list: 4 });
      feed.sendSigner(status.signer);
      feed.send('batch', status.append([{ kind: 'list-retired', listId: 3 }]));
      feed.sendHead();
      await gateway.caughtUp(verifier);
      const before = who === 'knew' ? verifier : undefined;
      if (before === undefined) await verifier.close();
      feed.makeSnapshot();
      const judging = before ?? (await gateway.open({ cacheDir: `${gateway.cacheDir}/newcomer` }));
      const known = judging.status();
      for (const epoch of [1, 2]) {
        const claim = { epoch, sequence: 1000, signer: lost, forgiving: true, revived: [3] };
        const from = gateway.events.length;
        feed.sendSigner(lost);
        feed.send('snapshot', status.snapshot(clock.now + 1, claim));
        await gateway.since(from, (event) => event.type === 'refused' && event.code === 'SIGNER_REFUSED');
        await gateway.since(from, (event) => event.type === 'connected');
      }
      expect(judging.status()).toEqual(known);
      expect(gateway.verdict(judging, device)).toBe('CERT_REVOKED');
    },
  );
});
