import type { DeviceState } from '@touchmark/lifecycle';
import { integerArray, textArray, uuidArray } from '../array-parameters.js';
import type { Queryable, Transaction } from '../database.js';

/** A device as the registry shows it: a projection that can refuse, never permit. */
export interface DeviceRecord {
  readonly deviceRef: string;
  readonly realm: string;
  readonly model: string;
  readonly deviceSerial: string;
  readonly state: DeviceState;
  readonly generation: number;
  readonly batchId: string | null;
  readonly policyId: string | null;
  /** UTC seconds of its last sighting that we heard of: the first use of a certificate, or a gateway's report. */
  readonly lastSeenAt: number | null;
  /** UTC seconds. */
  readonly createdAt: number;
  readonly changedAt: number;
}

export type NewDevice = Omit<DeviceRecord, 'createdAt' | 'changedAt' | 'lastSeenAt'>;

const columns = `d.device_ref AS "deviceRef", d.realm, d.model, d.device_serial AS "deviceSerial", d.state, d.generation,
  d.batch_id AS "batchId", d.policy_id AS "policyId", d.last_seen_at::float8 AS "lastSeenAt",
  floor(extract(epoch FROM d.created_at))::float8 AS "createdAt", floor(extract(epoch FROM d.changed_at))::float8 AS "changedAt"`;

/** Inserts those that are not there yet and answers which were new. Sorted, so that two such inserts never wait in a circle. */
export async function insertDevices(tx: Transaction, devices: readonly NewDevice[]): Promise<Set<string>> {
  if (devices.length === 0) return new Set();
  const sorted = devices.toSorted((a, b) => (a.deviceRef < b.deviceRef ? -1 : 1));
  const column = <K extends keyof NewDevice>(name: K): NewDevice[K][] => sorted.map((device) => device[name]);
  const rows = await tx.query<{ deviceRef: string }>(
    `INSERT INTO registry.device (device_ref, realm, model, device_serial, state, generation, batch_id, policy_id)
     SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::uuid[], $8::uuid[])
     ON CONFLICT (device_ref) DO NOTHING RETURNING device_ref AS "deviceRef"`,
    [
      uuidArray(column('deviceRef')),
      textArray(column('realm')),
      textArray(column('model')),
      textArray(column('deviceSerial')),
      textArray(column('state')),
      integerArray(column('generation')),
      uuidArray(column('batchId')),
      uuidArray(column('policyId')),
    ],
  );
  return new Set(rows.map((row) => row.deviceRef));
}

/** Locks the devices that exist, in device_ref order. */
export async function lockDevices(tx: Transaction, deviceRefs: readonly string[]): Promise<DeviceRecord[]> {
  return tx.query<DeviceRecord>(
    `SELECT ${columns} FROM registry.device d WHERE d.device_ref = ANY($1::uuid[]) ORDER BY d.device_ref FOR UPDATE`,
    [deviceRefs],
  );
}

export async function readDevices(db: Queryable, deviceRefs: readonly string[]): Promise<DeviceRecord[]> {
  return db.query<DeviceRecord>(`SELECT ${columns} FROM registry.device d WHERE d.device_ref = ANY($1::uuid[])`, [
    deviceRefs,
  ]);
}

export type DeviceUpdate = Pick<
  DeviceRecord,
  'deviceRef' | 'deviceSerial' | 'state' | 'generation' | 'batchId' | 'policyId' | 'lastSeenAt'
>;

/** Writes what changed of devices that the caller holds locked. */
export async function updateDevices(tx: Transaction, devices: readonly DeviceUpdate[]): Promise<void> {
  if (devices.length === 0) return;
  const column = <K extends keyof DeviceUpdate>(name: K): DeviceUpdate[K][] => devices.map((device) => device[name]);
  await tx.query(
    `UPDATE registry.device d
        SET device_serial = u.device_serial, state = u.state, generation = u.generation, batch_id = u.batch_id,
            policy_id = u.policy_id, last_seen_at = u.last_seen_at, changed_at = now()
       FROM unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::uuid[], $6::uuid[], $7::bigint[])
            AS u (device_ref, device_serial, state, generation, batch_id, policy_id, last_seen_at)
      WHERE d.device_ref = u.device_ref`,
    [
      column('deviceRef'),
      column('deviceSerial'),
      column('state'),
      column('generation'),
      column('batchId'),
      column('policyId'),
      column('lastSeenAt'),
    ],
  );
}

/** Notes later sightings, UTC seconds; earlier ones, and devices that are not there, are passed over. Locks in device_ref order. */
export async function recordLastSeen(
  tx: Transaction,
  sightings: readonly { readonly deviceRef: string; readonly at: number }[],
): Promise<void> {
  if (sightings.length === 0) return;
  await tx.query(
    `WITH seen AS (SELECT device_ref, max(at) AS at FROM unnest($1::uuid[], $2::bigint[]) AS u (device_ref, at) GROUP BY device_ref),
          held AS (
            SELECT d.device_ref, s.at FROM registry.device d JOIN seen s ON s.device_ref = d.device_ref
             WHERE coalesce(d.last_seen_at, 0) < s.at ORDER BY d.device_ref FOR UPDATE OF d)
     UPDATE registry.device d SET last_seen_at = greatest(coalesce(d.last_seen_at, 0), h.at)
       FROM held h WHERE d.device_ref = h.device_ref`,
    [sightings.map(({ deviceRef }) => deviceRef), sightings.map(({ at }) => at)],
  );
}

export async function findDevice(db: Queryable, deviceRef: string): Promise<DeviceRecord | undefined> {
  const [row] = await db.query<DeviceRecord>(`SELECT ${columns} FROM registry.device d WHERE d.device_ref = $1`, [
    deviceRef,
  ]);
  return row;
}

export interface DeviceFilter {
  readonly model?: string | undefined;
  readonly state?: DeviceState | undefined;
  readonly batchId?: string | undefined;
  readonly policyId?: string | undefined;
  /** Beginning of the deviceSerial, without regard to case; of the deviceSerial alphabet. */
  readonly deviceSerialPrefix?: string | undefined;
}

/** Devices in device_ref order, after the one named. */
export async function listDevices(
  db: Queryable,
  filter: DeviceFilter,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<DeviceRecord[]> {
  const parameters: unknown[] = [];
  const conditions: string[] = [];
  const where = (condition: (place: string) => string, value: unknown): void => {
    if (value !== undefined) conditions.push(condition(`$${parameters.push(value)}`));
  };
  where((p) => `d.model = ${p}`, filter.model);
  where((p) => `d.state = ${p}`, filter.state);
  where((p) => `d.batch_id = ${p}`, filter.batchId);
  where((p) => `d.policy_id = ${p}`, filter.policyId);
  // the alphabet of deviceSerial has neither % nor _, so the prefix needs no escape
  where(
    (p) => `lower(d.device_serial) LIKE ${p}`,
    filter.deviceSerialPrefix && `${filter.deviceSerialPrefix.toLowerCase()}%`,
  );
  where((p) => `d.device_ref > ${p}`, page.after);
  const limit = `$${parameters.push(page.limit)}`;
  return db.query<DeviceRecord>(
    `SELECT ${columns} FROM registry.device d ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''}
      ORDER BY d.device_ref LIMIT ${limit}`,
    parameters,
  );
}
