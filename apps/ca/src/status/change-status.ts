import { deviceRefOf, type StatusChange, type StatusChanged, type StatusOutcome } from '@touchmark/ca-port';
import { equalBytes } from '@touchmark/der';
import { placeHold, releaseHold } from '@touchmark/lifecycle';
import { parseSerialNumber, SeatValue } from '@touchmark/status-list';
import {
  appendJournal,
  blockKeys,
  blockKeysOfDevice,
  type CredentialWithSeat,
  type Database,
  endWarrantsOf,
  journalHead,
  credentialsOf,
  lockSubjects,
  readCertificates,
  retryConflicts,
  saveSubject,
  type SubjectRecord,
  type Transaction,
} from '@touchmark/store';
import type { CaClock } from '../ca-clock.js';
import { answerEach, CaError } from '../ca-error.js';
import { descendantsOf } from './lineage.js';
import { checkRevocationTerms, isCompromise } from './revocation-terms.js';
import { reasonCodes, SeatChanges } from './seat-changes.js';

/** The cause under which a device is held when one of its certificates was revoked as compromised. */
export const compromiseCause = 'compromise';

/**
 * Suspends, releases, revokes, retires and recommissions. Needs no issuing key, so a locked key store does not block it.
 * Answered after the commit, with the journal position at which the change is durable (rule 2).
 */
export class ChangeStatus {
  private readonly db: Database;
  private readonly clock: CaClock;
  private readonly onError: (error: unknown) => void;

  constructor(db: Database, clock: CaClock, onError: (error: unknown) => void) {
    this.db = db;
    this.clock = clock;
    this.onError = onError;
  }

  run(changes: readonly StatusChange[]): Promise<StatusOutcome[]> {
    return answerEach(changes, (change) => this.one(change), this.onError);
  }

  private one(change: StatusChange): Promise<StatusChanged> {
    return retryConflicts(() =>
      this.db.transaction(async (tx) => {
        const now = await this.clock.forStatus(tx);
        checkChange(change, now);
        const seats = new SeatChanges();
        const { target } = change;
        if (target.kind === 'device') await this.changeDevice(tx, change, deviceRefOf(target.identity), seats, now);
        else await this.changeCertificate(tx, change, target.serialNumber, seats, now);
        const entries = await seats.write(tx);
        const position = entries.length > 0 ? await appendJournal(tx, entries) : await journalHead(tx);
        return { ok: true as const, position, seatsChanged: seats.count };
      }),
    );
  }

  private async changeDevice(
    tx: Transaction,
    change: StatusChange,
    deviceRef: string,
    seats: SeatChanges,
    now: number,
  ): Promise<void> {
    const subject = (await lockSubjects(tx, [deviceRef])).get(deviceRef);
    if (!subject) throw new CaError('SUBJECT_UNKNOWN');
    const credentials = await credentialsOf(tx, [deviceRef], { endingFrom: now });
    switch (change.act) {
      case 'revoke': {
        await close(tx, subject, 'revoke', now);
        for (const c of credentials) seats.revoke(c, now, reasonCodes[change.reason], change.invalidityDate ?? null);
        if (isCompromise(change.reason)) await blockKeysOfDevice(tx, deviceRef, change.reason);
        return;
      }
      case 'retire': {
        if (subject.closedBy === 'revoke') throw new CaError('ALREADY_REVOKED');
        await close(tx, subject, 'retire', now);
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
    now: number,
  ): Promise<void> {
    const seat = parseSerialNumber(serialNumber);
    const [certificate] = seat ? await readCertificates(tx, [seat]) : [];
    if (!seat || !certificate || !equalBytes(certificate.random, seat.random)) throw new CaError('CERTIFICATE_UNKNOWN');
    // authorities and services are no business of whoever manages devices
    if (certificate.deviceRef === null) throw new CaError('CERTIFICATE_NOT_DEVICE');
    const { deviceRef, credentialId } = certificate;
    const subject = (await lockSubjects(tx, [deviceRef])).get(deviceRef);
    const credentials = await credentialsOf(tx, [deviceRef], { endingFrom: 0 });
    const credential = credentials.find((c) => c.id === credentialId);
    if (!subject || !credential) throw new CaError('CERTIFICATE_UNKNOWN');
    switch (change.act) {
      case 'revoke':
        if (isCompromise(change.reason))
          await revokeCompromised(tx, subject, credential, credentials, change, seats, now);
        else seats.revoke(notEnded(credential, now), now, reasonCodes[change.reason], change.invalidityDate ?? null);
        return;
      case 'suspend':
      case 'release':
        if (notEnded(credential, now).seatValue === SeatValue.invalid) throw new CaError('ALREADY_REVOKED');
        seats.hold(credential, subject, nextHolds(change.act, credential.holds, change.cause), now);
        return;
      case 'retire':
      case 'recommission':
        throw new CaError('REASON_NOT_ALLOWED', { detail: 'only a device can be retired or recommissioned' });
    }
  }
}

/**
 * Rule 5: everything that descends from the compromised credential goes with it, their keys are blocked for ever, pending tokens
 * end, and the device is held, so that what it was bootstrapped with gets nothing more until an admin has looked.
 */
async function revokeCompromised(
  tx: Transaction,
  subject: SubjectRecord,
  credential: CredentialWithSeat,
  credentials: readonly CredentialWithSeat[],
  change: StatusChange & { act: 'revoke' },
  seats: SeatChanges,
  now: number,
): Promise<void> {
  const taken = [credential, ...descendantsOf(credential.id, credentials)];
  for (const c of taken)
    if (c.notAfter >= now) seats.revoke(c, now, reasonCodes[change.reason], change.invalidityDate ?? null);
  await blockKeys(
    tx,
    taken.map((c) => c.spkiSha256),
    change.reason,
  );
  await endWarrantsOf(tx, subject.deviceRef, now);
  if (subject.state === 'closed') return;
  const held = { ...subject, state: 'held' as const, holds: [...placeHold(new Set(subject.holds), compromiseCause)] };
  await saveSubject(tx, held);
  for (const c of credentials) if (!taken.includes(c) && c.notAfter >= now) seats.hold(c, held, c.holds, now);
}

/** Closed for good in this generation, and with it what was opened for the device and not used yet. */
async function close(tx: Transaction, subject: SubjectRecord, by: 'revoke' | 'retire', now: number): Promise<void> {
  await endWarrantsOf(tx, subject.deviceRef, now);
  await saveSubject(tx, { ...subject, state: 'closed', closedBy: by });
}

function notEnded(credential: CredentialWithSeat, now: number): CredentialWithSeat {
  if (credential.notAfter < now) throw new CaError('CERTIFICATE_EXPIRED');
  return credential;
}

const CAUSE = /^[a-z0-9-]{1,63}$/;

/** What no caller is trusted to have checked. */
function checkChange(change: StatusChange, now: number): void {
  switch (change.act) {
    case 'suspend':
    case 'release':
      if (!CAUSE.test(change.cause))
        throw new CaError('REASON_NOT_ALLOWED', { detail: 'a cause is 1 to 63 of a-z, 0-9 and -' });
      return;
    case 'revoke':
      checkRevocationTerms(change, now);
      return;
    case 'retire':
    case 'recommission':
  }
}

function nextHolds(act: 'suspend' | 'release', holds: readonly string[], cause: string): string[] {
  if (act === 'suspend') return [...placeHold(new Set(holds), cause)];
  if (!holds.includes(cause)) throw new CaError('NOT_SUSPENDED');
  return [...releaseHold(new Set(holds), cause)];
}
