import { textArray, uuidArray } from '../array-parameters.js';
import type { Queryable, Transaction } from '../database.js';

export interface SubjectRecord {
  readonly deviceRef: string;
  readonly realm: string;
  readonly model: string;
  readonly deviceSerial: string;
  readonly state: 'open' | 'held' | 'closed';
  readonly closedBy: 'revoke' | 'retire' | null;
  readonly generation: number;
  /** Causes of device-wide suspension; one release takes away one cause. */
  readonly holds: readonly string[];
  /** Opaque device id for pseudonymous certificates. */
  readonly pseudonym: string;
}

const columns = `device_ref AS "deviceRef", realm, model, device_serial AS "deviceSerial", state, closed_by AS "closedBy",
  generation, holds, pseudonym`;

/** Locks the subjects that exist, in device_ref order (every transaction does, so none waits in a circle). */
export async function lockSubjects(
  tx: Transaction,
  deviceRefs: readonly string[],
): Promise<Map<string, SubjectRecord>> {
  const rows = await tx.query<SubjectRecord>(
    `SELECT ${columns} FROM ca.subject WHERE device_ref = ANY($1::uuid[]) ORDER BY device_ref FOR UPDATE`,
    [uuidArray(deviceRefs)],
  );
  return new Map(rows.map((row) => [row.deviceRef, row]));
}

/** Whether any of these subjects exists, as of now; locks nothing. */
export async function anySubjectExists(db: Queryable, deviceRefs: readonly string[]): Promise<boolean> {
  const rows = await db.query('SELECT FROM ca.subject WHERE device_ref = ANY($1::uuid[]) LIMIT 1', [
    uuidArray(deviceRefs),
  ]);
  return rows.length > 0;
}

/** Inserts new subjects and answers those that somebody else inserted meanwhile: the caller must start again. */
export async function insertSubjects(
  tx: Transaction,
  subjects: readonly Pick<SubjectRecord, 'deviceRef' | 'realm' | 'model' | 'deviceSerial' | 'pseudonym'>[],
): Promise<{ conflicts: number }> {
  if (subjects.length === 0) return { conflicts: 0 };
  const sorted = subjects.toSorted((a, b) => (a.deviceRef < b.deviceRef ? -1 : 1));
  const inserted = await tx.query(
    `INSERT INTO ca.subject (device_ref, realm, model, device_serial, pseudonym)
     SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[])
     ON CONFLICT (device_ref) DO NOTHING RETURNING 1`,
    [
      uuidArray(sorted.map((s) => s.deviceRef)),
      textArray(sorted.map((s) => s.realm)),
      textArray(sorted.map((s) => s.model)),
      textArray(sorted.map((s) => s.deviceSerial)),
      uuidArray(sorted.map((s) => s.pseudonym)),
    ],
  );
  return { conflicts: subjects.length - inserted.length };
}

export async function saveSubject(
  tx: Transaction,
  subject: Pick<SubjectRecord, 'deviceRef' | 'state' | 'closedBy' | 'generation' | 'holds'>,
): Promise<void> {
  await tx.query(
    `UPDATE ca.subject SET state = $2, closed_by = $3, generation = $4, holds = $5, changed_at = clock_timestamp()
      WHERE device_ref = $1`,
    [subject.deviceRef, subject.state, subject.closedBy, subject.generation, subject.holds],
  );
}

/** A change that the projection shows but that leaves the subject itself alone, such as a sighting. */
export async function touchSubjects(tx: Transaction, deviceRefs: readonly string[]): Promise<void> {
  if (deviceRefs.length === 0) return;
  await tx.query('UPDATE ca.subject SET changed_at = clock_timestamp() WHERE device_ref = ANY($1::uuid[])', [
    deviceRefs,
  ]);
}

export async function readSubject(db: Queryable, deviceRef: string): Promise<SubjectRecord | undefined> {
  const rows = await db.query<SubjectRecord>(`SELECT ${columns} FROM ca.subject WHERE device_ref = $1`, [deviceRef]);
  return rows[0];
}
