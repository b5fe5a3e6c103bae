import type { StatusListRecord } from '@touchmark/store';

/** A seat that nobody else will ever get: its block was leased in a transaction of its own before. */
export interface TakenSeat {
  readonly list: StatusListRecord;
  readonly index: number;
}

/** Leases the next block of an open list of that authority and bucket, opening a list where there is none with room. */
export type LeaseBlock = (authorityId: string, bucket: string) => Promise<LeasedBlock>;

export interface LeasedBlock {
  readonly list: StatusListRecord;
  readonly from: number;
  readonly to: number;
}

interface Block {
  readonly list: StatusListRecord;
  next: number;
  readonly to: number;
}

/** Hands out seats from leased blocks. What a stopped process leaves of a block stays unused for ever: gaps are fine. */
export class SeatSupply {
  private readonly lease: LeaseBlock;
  private readonly blocks = new Map<string, Block[]>();
  private readonly leasing = new Map<string, Promise<void>>();

  constructor(lease: LeaseBlock) {
    this.lease = lease;
  }

  async take(authorityId: string, bucket: string, count: number): Promise<TakenSeat[]> {
    const key = `${authorityId} ${bucket}`;
    const seats: TakenSeat[] = [];
    for (;;) {
      this.drain(key, seats, count);
      if (seats.length === count) return seats;
      await this.refill(key, authorityId, bucket);
    }
  }

  private drain(key: string, seats: TakenSeat[], count: number): void {
    for (const block of this.blocks.get(key) ?? [])
      while (block.next < block.to && seats.length < count) seats.push({ list: block.list, index: block.next++ });
  }

  // those who find the block empty at the same time wait for one lease
  private async refill(key: string, authorityId: string, bucket: string): Promise<void> {
    const pending =
      this.leasing.get(key) ?? this.leaseNext(key, authorityId, bucket).finally(() => this.leasing.delete(key));
    this.leasing.set(key, pending);
    await pending;
  }

  private async leaseNext(key: string, authorityId: string, bucket: string): Promise<void> {
    const { list, from, to } = await this.lease(authorityId, bucket);
    const unfinished = (this.blocks.get(key) ?? []).filter((block) => block.next < block.to);
    this.blocks.set(key, [...unfinished, { list, next: from, to }]);
  }
}
