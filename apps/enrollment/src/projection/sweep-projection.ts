import {
  changedSubjects,
  type Database,
  finishSweep,
  readDevices,
  retryConflicts,
  type SubjectView,
  sweepWindow,
} from '@touchmark/store';
import { followSubjects, isBehind } from './follow-subjects.js';

const PAGE = 1_000;
const ACTOR = 'projection-sweep';
const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';
/** Longer than any transaction of the CA, whose changes show only when it commits. */
const MARGIN_SECONDS = 300;

export interface Swept {
  readonly compared: number;
  readonly repaired: number;
}

/**
 * Compares the registry's devices with what the CA changed since the last sweep, and repairs what a crash between the CA's
 * commit and ours left behind. Any number may run at once: what they write is the CA's word, under each device's lock.
 */
export class SweepProjection {
  private readonly db: Database;

  constructor(db: Database) {
    this.db = db;
  }

  async run(): Promise<Swept> {
    const { from, to } = await sweepWindow(this.db, MARGIN_SECONDS);
    let after = { changedAt: from, deviceRef: BEFORE_ALL };
    let compared = 0;
    let repaired = 0;
    for (;;) {
      const subjects = await changedSubjects(this.db, { after, limit: PAGE });
      repaired += await this.repair(subjects);
      compared += subjects.length;
      const last = subjects.at(-1);
      if (!last || subjects.length < PAGE) break;
      after = { changedAt: last.changedAt, deviceRef: last.deviceRef };
    }
    await finishSweep(this.db, to);
    return { compared, repaired };
  }

  private async repair(subjects: readonly SubjectView[]): Promise<number> {
    const refs = subjects.map(({ deviceRef }) => deviceRef);
    const devices = new Map((await readDevices(this.db, refs)).map((device) => [device.deviceRef, device]));
    const behind = subjects.filter((subject) => isBehind(devices.get(subject.deviceRef), subject));
    if (behind.length === 0) return 0;
    const happenings = behind.map(({ deviceRef }) => ({ deviceRef, actor: ACTOR }));
    await retryConflicts(() => this.db.transaction((tx) => followSubjects(tx, happenings)));
    return behind.length;
  }
}
