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
  /** Seconds, and journal entries, after which the next snapshot is made. */
  readonly snapshotEvery: number;
  readonly snapshotEntries: number;
  /** Seconds that a batch is kept at least, for followers that were away. */
  readonly batchesKept: number;
}

/** Makes signed snapshots of all lists, each of one moment together with the batches up to it. */
export class PublishSnapshot {
  private readonly ports: PublicationPorts;
  private readonly schedule: SnapshotSchedule;

  constructor(ports: PublicationPorts, schedule: SnapshotSchedule) {
    this.ports = ports;
    this.schedule = schedule;
  }

  isDue({ sequence, time, snapshot }: Published): boolean {
    const { snapshotEvery, snapshotEntries } = this.schedule;
    return !snapshot || time - snapshot.asOf >= snapshotEvery || sequence - snapshot.sequence >= snapshotEntries;
  }

  /** Makes one now, and forgets what no follower needs any more. */
  async run(): Promise<Published> {
    return publishMoment(this.ports, async ({ tx, signer, time, end }) => {
      const { epoch, sequence, hash: batchHash } = end;
      const certificates = await issuingCertificates(tx);
      const lists = (await listsWithSeats(tx)).map(toPublished);
      const payload = encodeSnapshot({ epoch, sequence, asOf: time, batchHash, certificates, lists });
      await saveStatusSnapshot(tx, { epoch, sequence, asOf: time, message: await signer.sign('snapshot', payload) });
      await forgetPublished(tx, time - this.schedule.batchesKept);
    });
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
