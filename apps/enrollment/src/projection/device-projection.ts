import { type Database, type DeviceUpdate, retryConflicts } from '@touchmark/store';
import type { DeviceHappening } from './device-happening.js';
import { followSubjects } from './follow-subjects.js';

/** The registry's devices as everyone writes them who has just had an answer from the CA. */
export class DeviceProjection {
  private readonly db: Database;

  constructor(db: Database) {
    this.db = db;
  }

  /** Brings the devices up to date and writes what happened into their history; answers them by deviceRef. */
  follow(happenings: readonly DeviceHappening[]): Promise<Map<string, DeviceUpdate>> {
    return retryConflicts(() => this.db.transaction((tx) => followSubjects(tx, happenings)));
  }
}
