import { encodeSnapshot, LIST_SIZE, isSeatValue, SeatBitmap, type SnapshotList } from '@touchmark/status-list';
import {
  forgetPublished,
  issuingCertificates,
  listsWithSeats,
  type ListWithSeats,
  saveStatusSnapshot,
} from '@touchmark/store';
import { issuerKeyIdOf, publishedBucketEnd } from './journal-chain.js';
import { type PublicationPorts, type Published, publishMoment } from './publication.js';

export interface SnapshotSchedule {
  /** Seconds after which the next snapshot is made although nothing changed. */
  readonly snapshotEvery: number;
  /** Seconds between two snapshots while the journal grows, at least. */
  readonly snapshotAfter: number;
  /** Seconds that a batch is kept at least, for followers that were away. */
  readonly batchesKept: number;
}

/** While the journal grows, making snapshots takes at most one part in so many of the time. */
const SHARE = 30;

/**
 * Whether the next snapshot is to be made: seconds after a change, unless snapshots have become so large that making them takes long.
 * `took`: seconds that the last one took to make.
 */
export function isSnapshotDue(
  { sequence, time, snapshot }: Pick<Published, 'sequence' | 'time' | 'snapshot'>,
  { snapshotEvery, snapshotAfter }: Pick<SnapshotSchedule, 'snapshotEvery' | 'snapshotAfter'>,
  took: number,
): boolean {
  if (!snapshot) return true;
  const grown = sequence > snapshot.sequence;
  return time - snapshot.asOf >= (grown ? Math.max(snapshotAfter, SHARE * took) : snapshotEvery);
}

/** Makes signed snapshots of all lists, each of one moment together with the batches up to it. */
export class PublishSnapshot {
  private readonly ports: PublicationPorts;
  private readonly schedule: SnapshotSchedule;
  /** Seconds that the last one took to make. */
  private took = 0;

  constructor(ports: PublicationPorts, schedule: SnapshotSchedule) {
    this.ports = ports;
    this.schedule = schedule;
  }

  isDue(published: Published): boolean {
    return isSnapshotDue(published, this.schedule, this.took);
  }

  /** Makes one now, and forgets what no follower needs any more. */
  async run(): Promise<Published> {
    const begun = performance.now();
    const published = await publishMoment(this.ports, async ({ tx, signer, time, end }) => {
      const { epoch, sequence, hash: batchHash } = end;
      const certificates = await issuingCertificates(tx);
      const lists = (await listsWithSeats(tx)).map(toPublished);
      const payload = encodeSnapshot({ epoch, sequence, asOf: time, batchHash, certificates, lists });
      await saveStatusSnapshot(tx, { epoch, sequence, asOf: time, message: await signer.sign('snapshot', payload) });
      await forgetPublished(tx, time - this.schedule.batchesKept);
    });
    this.took = (performance.now() - begun) / 1000;
    return published;
  }
}

function toPublished({ id, bucket, state, leasedTo, authorityCertificate, seats }: ListWithSeats): SnapshotList {
  return {
    listId: id,
    issuerKeyId: issuerKeyIdOf(authorityCertificate),
    state,
    bucketEnd: publishedBucketEnd(bucket),
    leasedTo,
    seats: toBitmap(seats),
  };
}

/** Of four octets a seat, big-endian: value × 2^20 + index. */
export function toBitmap(seats: Uint8Array): SeatBitmap {
  const bitmap = new SeatBitmap();
  const octets = new DataView(seats.buffer, seats.byteOffset, seats.length);
  for (let at = 0; at < octets.byteLength; at += 4) {
    const seat = octets.getUint32(at);
    const value = Math.floor(seat / LIST_SIZE);
    if (!isSeatValue(value)) throw new TypeError('not a seat value');
    bitmap.set(seat % LIST_SIZE, value);
  }
  return bitmap;
}
