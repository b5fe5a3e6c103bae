import { deviceRefOf, type WarrantOutcome, type WarrantRequest } from '@touchmark/ca-port';
import { isDeviceSerial, isModel, isRealm } from '@touchmark/lifecycle';
import { type Database, insertWarrant, readSubject } from '@touchmark/store';
import { asRefusal, CaError } from './ca-error.js';

/** Opens warrants: what lets first certificates be issued, and how many. Repeating the same one is no error. */
export class OpenWarrants {
  private readonly db: Database;

  constructor(db: Database) {
    this.db = db;
  }

  async run(warrants: readonly WarrantRequest[]): Promise<WarrantOutcome[]> {
    const outcomes: WarrantOutcome[] = [];
    for (const warrant of warrants) outcomes.push(await this.one(warrant).catch(asRefusal));
    return outcomes;
  }

  private async one(request: WarrantRequest): Promise<WarrantOutcome> {
    const { warrantId: id, kind, profile, validUntil } = request;
    const { realm, model } = kind === 'token' ? request.identity : request;
    if (!isRealm(realm) || !isModel(model)) throw new CaError('IDENTITY_INVALID');
    if (kind === 'token' && !isDeviceSerial(request.identity.deviceSerial)) throw new CaError('IDENTITY_INVALID');
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
