import {
  type CaRefusal,
  deviceRefOf,
  type RevocationReason,
  type StatusChange,
  type StatusChanged,
  type StatusOutcome,
} from '@touchmark/ca-port';
import { equalBytes } from '@touchmark/der';
import { placeHold, releaseHold } from '@touchmark/lifecycle';
import { parseSerialNumber } from '@touchmark/status-list';
import {
  appendJournal,
  blockKeys,
  blockKeysOfDevice,
  type CredentialWithSeat,
  type Database,
  journalHead,
  credentialsOf,
  lockSubjects,
  readCertificates,
  readRevocation,
  retryConflicts,
  saveSubject,
  type SubjectRecord,
  type Transaction,
} from '@touchmark/store';
import { asRefusal, CaError } from '../ca-error.js';
import { descendantsOf } from './lineage.js';
import { reasonCodes, SeatChanges } from './seat-changes.js';

/** The cause under which a device is held when one of its certificates was revoked as compromised. */
export const compromiseCause = 'compromise';

/**
 * Suspends, releases, revokes, retires and recommissions. Needs no issuing key, so a locked key store does not block it.
 * Answered after the commit, with the journal position at which the change is durable (rule 2).
 */
export class ChangeStatus {
  private readonly db: Database;
  private readonly now: () => number;

  constructor(db: Database, now: () => number) {
    this.db = db;
    this.now = now;
  }

  async run(changes: readonly StatusChange[]): Promise<StatusOutcome[]> {
    const outcomes: StatusOutcome[] = [];
    for (const change of changes) outcomes.push(await this.one(change));
    return outcomes;
  }

  private async one(change: StatusChange): Promise<StatusChanged | CaRefusal> {
    try {
      return await retryConflicts(() =>
        this.db.transaction(async (tx) => {
          const seats = new SeatChanges();
          if (change.target.kind === 'device')
            await this.changeDevice(tx, change, deviceRefOf(change.target.identity), seats);
          else await this.changeCertificate(tx, change, change.target.serialNumber, seats);
          const entries = await seats.write(tx);
          const position = entries.length > 0 ? await appendJournal(tx, entries) : await journalHead(tx);
          return { ok: true as const, position, seatsChanged: seats.count };
        }),
      );
    } catch (error) {
      return asRefusal(error);
    }
  }

  private async changeDevice(
    tx: Transaction,
    change: StatusChange,
    deviceRef: string,
    seats: SeatChanges,
  ): Promise<void> {
    const subject = (await lockSubjects(tx, [deviceRef])).get(deviceRef);
    if (!subject) throw new CaError('SUBJECT_UNKNOWN');
    const now = this.now();
    const credentials = await credentialsOf(tx, [deviceRef], { endingFrom: now });
    switch (change.act) {
      case 'revoke': {
        await this.close(tx, subject, 'revoke');
        for (const c of credentials) seats.revoke(c, now, reasonCodes[change.reason], change.invalidityDate ?? null);
        if (isCompromise(change.reason)) await blockKeysOfDevice(tx, deviceRef, change.reason);
        return;
      }
      case 'retire': {
        if (subject.closedBy === 'revoke') throw new CaError('ALREADY_REVOKED');
        await this.close(tx, subject, 'retire');
        for (const c of credentials) seats.revoke(c, now, reasonCodes.cessationOfOperation);
        return;
      }
      case 'recommission': {
        if (subject.state !== 'closed') throw new CaError('SUBJECT_NOT_CLOSED');
        await saveSubject(tx, {
          ...subject,
          state: 'open',
          closedBy: null,
          holds: [],
          generation: subject.generation + 1,
        });
        return;
      }
      case 'suspend':
      case 'release': {
        if (subject.state === 'closed') throw new CaError('ALREADY_REVOKED');
        const holds = nextHolds(change.act, subject.holds, change.cause);
        const held = { ...subject, holds, state: holds.length > 0 ? ('held' as const) : ('open' as const) };
        await saveSubject(tx, held);
        for (const c of credentials) seats.hold(c, held, c.holds, now);
      }
    }
  }

  private async changeCertificate(
    tx: Transaction,
    change: StatusChange,
    serialNumber: Uint8Array,
    seats: SeatChanges,
  ): Promise<void> {
    const seat = parseSerialNumber(serialNumber);
    const [certificate] = seat ? await readCertificates(tx, [seat]) : [];
    if (!seat || !certificate || !equalBytes(certificate.random, seat.random)) throw new CaError('CERTIFICATE_UNKNOWN');
    const now = this.now();
    if (certificate.deviceRef === null) {
      // not a device's: only revocation makes sense
      if (change.act !== 'revoke')
        throw new CaError('REASON_NOT_ALLOWED', { detail: 'only a device certificate can be suspended' });
      const value = (await readRevocation(tx, seat))?.value ?? 0;
      seats.revoke(
        { ...certificate, seatValue: value },
        now,
        reasonCodes[change.reason],
        change.invalidityDate ?? null,
      );
      return;
    }
    const { deviceRef, credentialId } = certificate;
    const subject = (await lockSubjects(tx, [deviceRef])).get(deviceRef);
    const credentials = await credentialsOf(tx, [deviceRef], { endingFrom: 0 });
    const credential = credentials.find((c) => c.id === credentialId);
    if (!subject || !credential) throw new CaError('CERTIFICATE_UNKNOWN');
    switch (change.act) {
      case 'revoke':
        if (isCompromise(change.reason))
          await this.revokeCompromised(tx, subject, credential, credentials, change, seats);
        else seats.revoke(this.notEnded(credential), now, reasonCodes[change.reason], change.invalidityDate ?? null);
        return;
      case 'suspend':
      case 'release':
        if (this.notEnded(credential).seatValue === 1) throw new CaError('ALREADY_REVOKED');
        seats.hold(credential, subject, nextHolds(change.act, credential.holds, change.cause), now);
        return;
      case 'retire':
      case 'recommission':
        throw new CaError('REASON_NOT_ALLOWED', { detail: 'only a device can be retired or recommissioned' });
    }
  }

  /**
   * Rule 5: everything that descends from the compromised credential goes with it, their keys are blocked for ever, and the
   * device is held, so that what it was bootstrapped with gets nothing more until an admin has looked.
   */
  private async revokeCompromised(
    tx: Transaction,
    subject: SubjectRecord,
    credential: CredentialWithSeat,
    credentials: readonly CredentialWithSeat[],
    change: StatusChange & { act: 'revoke' },
    seats: SeatChanges,
  ): Promise<void> {
    const now = this.now();
    const taken = [credential, ...descendantsOf(credential.id, credentials)];
    for (const c of taken)
      if (c.notAfter >= now) seats.revoke(c, now, reasonCodes[change.reason], change.invalidityDate ?? null);
    await blockKeys(
      tx,
      taken.map((c) => c.spkiSha256),
      change.reason,
    );
    if (subject.state === 'closed') return;
    const held = { ...subject, state: 'held' as const, holds: [...placeHold(new Set(subject.holds), compromiseCause)] };
    await saveSubject(tx, held);
    for (const c of credentials) if (!taken.includes(c) && c.notAfter >= now) seats.hold(c, held, c.holds, now);
  }

  private notEnded(credential: CredentialWithSeat): CredentialWithSeat {
    if (credential.notAfter < this.now()) throw new CaError('CERTIFICATE_EXPIRED');
    return credential;
  }

  private async close(tx: Transaction, subject: SubjectRecord, by: 'revoke' | 'retire'): Promise<void> {
    await saveSubject(tx, { ...subject, state: 'closed', closedBy: by });
  }
}

const isCompromise = (reason: RevocationReason): boolean => reason === 'keyCompromise' || reason === 'cACompromise';

function nextHolds(act: 'suspend' | 'release', holds: readonly string[], cause: string): string[] {
  if (act === 'suspend') return [...placeHold(new Set(holds), cause)];
  if (!holds.includes(cause)) throw new CaError('NOT_SUSPENDED');
  return [...releaseHold(new Set(holds), cause)];
}
