import { deviceRefOf, type WarrantOutcome, type WarrantRequest } from '@touchmark/ca-port';
import { isDeviceSerial, isModel, isRealm } from '@touchmark/lifecycle';
import { type Database, insertWarrant, readSubject } from '@touchmark/store';
import { answerEach, CaError } from './ca-error.js';

export interface WarrantLimits {
  /** The one realm that this CA names devices in. */
  readonly realm: string;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

const LARGEST_BATCH = 1_000_000;
const LONGEST_SECONDS = 400 * 86_400;

/** Opens warrants: what lets first certificates be issued, and how many. Repeating the same one is no error. */
export class OpenWarrants {
  private readonly db: Database;

  private readonly limits: WarrantLimits;

  constructor(db: Database, limits: WarrantLimits) {
    this.db = db;
    this.limits = limits;
  }

  run(warrants: readonly WarrantRequest[]): Promise<WarrantOutcome[]> {
    return answerEach(warrants, (warrant) => this.one(warrant), this.limits.onError);
  }

  private async one(request: WarrantRequest): Promise<WarrantOutcome> {
    const { warrantId: id, kind, profile, validUntil } = request;
    const { realm, model } = kind === 'token' ? request.identity : request;
    if (!isRealm(realm) || !isModel(model)) throw new CaError('IDENTITY_INVALID');
    if (kind === 'token' && !isDeviceSerial(request.identity.deviceSerial)) throw new CaError('IDENTITY_INVALID');
    if (realm !== this.limits.realm) throw new CaError('IDENTITY_INVALID');
    const longest = this.limits.now() + LONGEST_SECONDS;
    if (!Number.isInteger(validUntil) || validUntil > longest) throw new CaError('LIMIT_EXCEEDED');
    if (kind === 'batch' && !(Number.isInteger(request.size) && request.size >= 1 && request.size <= LARGEST_BATCH))
      throw new CaError('LIMIT_EXCEEDED');
    const deviceRef = kind === 'token' ? deviceRefOf(request.identity) : null;
    const generation = deviceRef === null ? null : ((await readSubject(this.db, deviceRef))?.generation ?? 1);
    const size = kind === 'token' ? 1 : request.size;
    const opened = await this.db.transaction((tx) =>
      insertWarrant(tx, { id, kind, realm, model, deviceRef, generation, profile, size, validUntil }),
    );
    if (!opened) throw new CaError('WARRANT_MISMATCH');
    return { ok: true, warrantId: id };
  }
}
