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
    const blocks = this.blocks.get(key);
    while (blocks?.[0] && seats.length < count) {
      const block = blocks[0];
      while (block.next < block.to && seats.length < count) seats.push({ list: block.list, index: block.next++ });
      if (block.next === block.to) blocks.shift();
    }
  }

  // those who find the block empty at the same time wait for one lease
  private async refill(key: string, authorityId: string, bucket: string): Promise<void> {
    let pending = this.leasing.get(key);
    if (!pending) {
      pending = this.lease(authorityId, bucket)
        .then(({ list, from, to }) => {
          const blocks = this.blocks.get(key) ?? [];
          blocks.push({ list, next: from, to });
          this.blocks.set(key, blocks);
        })
        .finally(() => this.leasing.delete(key));
      this.leasing.set(key, pending);
    }
    await pending;
  }
}
