import { type Database, type DeviceUpdate, retryConflicts } from '@touchmark/store';
import type { DeviceHappening } from './device-happening.js';
import { followSubjects } from './follow-subjects.js';

/** Devices in one transaction, at most: those that wait for their locks wait for all of them. */
const MAX_TOGETHER = 200;

type Followed = Map<string, DeviceUpdate>;

interface Waiting {
  readonly happenings: readonly DeviceHappening[];
  readonly resolve: (followed: Followed) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The registry's devices as everyone writes them who has just had an answer from the CA. What comes while a transaction is under way
 * shares the next one: a thousand devices that enrol in a second do not cost a thousand commits.
 */
export class DeviceProjection {
  private readonly db: Database;
  private waiting: Waiting[] = [];
  private underWay = false;

  constructor(db: Database) {
    this.db = db;
  }

  /** Brings the devices up to date and writes what happened into their history; answers them by deviceRef. */
  follow(happenings: readonly DeviceHappening[]): Promise<Followed> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ happenings, resolve, reject });
      if (!this.underWay) void this.work();
    });
  }

  private async work(): Promise<void> {
    this.underWay = true;
    for (let together = this.next(); together.length > 0; together = this.next()) await this.followAll(together);
    this.underWay = false;
  }

  /** Those that have waited longest; at least one, however much it brings along. */
  private next(): Waiting[] {
    let devices = 0;
    const end = this.waiting.findIndex(({ happenings }, i) => (devices += happenings.length) > MAX_TOGETHER && i > 0);
    return this.waiting.splice(0, end === -1 ? this.waiting.length : end);
  }

  /** One that cannot be written does not keep the others from it: then each is tried alone. */
  private async followAll(together: readonly Waiting[]): Promise<void> {
    try {
      const followed = await this.write(together.flatMap(({ happenings }) => happenings));
      for (const { resolve } of together) resolve(followed);
    } catch (error) {
      const [only] = together;
      if (together.length === 1) only?.reject(error);
      else for (const one of together) await this.followAll([one]);
    }
  }

  private write(happenings: readonly DeviceHappening[]): Promise<Followed> {
    return retryConflicts(() => this.db.transaction((tx) => followSubjects(tx, happenings)));
  }
}
