import type { DeviceState } from '@touchmark/lifecycle';
import { textArray, uuidArray } from '../array-parameters.js';
import type { Queryable, Transaction } from '../database.js';

/** Something that happened to a device, and what became of its state. */
export interface DeviceEventRecord {
  readonly deviceRef: string;
  readonly event: string;
  readonly fromState: DeviceState | null;
  readonly toState: DeviceState;
  /** `sub` of the access token, or the part of the service that acted. */
  readonly actor: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface DeviceEventView extends Omit<DeviceEventRecord, 'deviceRef'> {
  readonly id: string;
  /** UTC seconds. */
  readonly at: number;
}

export async function insertDeviceEvents(tx: Transaction, events: readonly DeviceEventRecord[]): Promise<void> {
  if (events.length === 0) return;
  await tx.query(
    `INSERT INTO registry.device_event (device_ref, event, from_state, to_state, actor, detail)
     SELECT e.device_ref, e.event, e.from_state, e.to_state, e.actor, e.detail::jsonb
       FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
            AS e (device_ref, event, from_state, to_state, actor, detail)`,
    [
      uuidArray(events.map((e) => e.deviceRef)),
      textArray(events.map((e) => e.event)),
      textArray(events.map((e) => e.fromState)),
      textArray(events.map((e) => e.toState)),
      textArray(events.map((e) => e.actor)),
      textArray(events.map((e) => JSON.stringify(e.detail))),
    ],
  );
}

/** Events of a device, newest first, before the one named. */
export async function listDeviceEvents(
  db: Queryable,
  deviceRef: string,
  page: { readonly before: string | undefined; readonly limit: number },
): Promise<DeviceEventView[]> {
  return db.query<DeviceEventView>(
    `SELECT id::text, event, from_state AS "fromState", to_state AS "toState", actor, detail,
            floor(extract(epoch FROM at))::float8 AS at
       FROM registry.device_event WHERE device_ref = $1 AND ($2::bigint IS NULL OR id < $2) ORDER BY device_event.id DESC LIMIT $3`,
    [deviceRef, page.before ?? null, page.limit],
  );
}
