import type { Queryable } from '../database.js';

/** What the CA's decisive row says of a device, read through `ca.device_projection`. */
export interface SubjectView {
  readonly deviceRef: string;
  readonly realm: string;
  readonly model: string;
  readonly deviceSerial: string;
  readonly state: 'open' | 'held' | 'closed';
  readonly closedBy: 'revoke' | 'retire' | null;
  readonly generation: number;
  /** The current generation has a certificate. */
  readonly provisioned: boolean;
  /** UTC seconds; a certificate of the current generation was first seen then, the newest one that was. */
  readonly seenAt: number | null;
  /** Place in the order of changes, for the next page. */
  readonly changedAt: string;
}

const subjectColumns = `s.device_ref AS "deviceRef", s.realm, s.model, s.device_serial AS "deviceSerial", s.state,
  s.closed_by AS "closedBy", s.generation, s.provisioned, s.seen_at::float8 AS "seenAt", s.changed_at::text AS "changedAt"`;

export async function subjectViews(db: Queryable, deviceRefs: readonly string[]): Promise<Map<string, SubjectView>> {
  const rows = await db.query<SubjectView>(
    `SELECT ${subjectColumns} FROM ca.device_projection s WHERE s.device_ref = ANY($1::uuid[])`,
    [deviceRefs],
  );
  return new Map(rows.map((row) => [row.deviceRef, row]));
}

/** Subjects in the order of their last change (a timestamptz in text, because a Date knows no microseconds). */
export async function changedSubjects(
  db: Queryable,
  page: { readonly after: { readonly changedAt: string; readonly deviceRef: string }; readonly limit: number },
): Promise<SubjectView[]> {
  return db.query<SubjectView>(
    `SELECT ${subjectColumns} FROM ca.device_projection s
      WHERE (s.changed_at, s.device_ref) > ($1::timestamptz, $2::uuid) ORDER BY s.changed_at, s.device_ref LIMIT $3`,
    [page.after.changedAt, page.after.deviceRef, page.limit],
  );
}

/** A certificate of a device with the value of its seat. */
export interface DeviceCertificateView {
  readonly serialNumber: Uint8Array;
  readonly profile: string;
  readonly generation: number;
  /** UTC seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly renewAfter: number | null;
  /** First sighting, UTC seconds. */
  readonly seenAt: number | null;
  readonly withdrawn: boolean;
  /** 0 valid, 1 invalid, 2 suspended. */
  readonly seatValue: 0 | 1 | 2;
  /** CRLReason number (RFC 5280 section 5.3.1); null where it is valid. */
  readonly reason: number | null;
  readonly revokedAt: number | null;
}

export async function deviceCertificates(db: Queryable, deviceRef: string): Promise<DeviceCertificateView[]> {
  return db.query<DeviceCertificateView>(
    `SELECT serial_number AS "serialNumber", profile, generation, not_before::float8 AS "notBefore", not_after::float8 AS "notAfter",
            renew_after::float8 AS "renewAfter", seen_at::float8 AS "seenAt", withdrawn_at IS NOT NULL AS withdrawn,
            seat_value AS "seatValue", reason, revoked_at::float8 AS "revokedAt"
       FROM ca.device_certificate WHERE device_ref = $1 ORDER BY not_before, credential_id`,
    [deviceRef],
  );
}

/** Who a certificate was issued to and under which policy; the CA's word, except for the names, which the registry has. */
export interface CertificateHolderRecord {
  /** Null while the registry has not heard of the device. */
  readonly identity: { readonly realm: string; readonly model: string; readonly deviceSerial: string } | null;
  readonly policy: string;
}

/**
 * The device with the policy that this certificate of its was issued under; undefined where the CA issued it no such one. By the
 * device, because `ca.credential` is partitioned by it: one partition is planned and read.
 */
export async function certificateHolder(
  db: Queryable,
  deviceRef: string,
  serialNumber: Uint8Array,
): Promise<CertificateHolderRecord | undefined> {
  const [row] = await db.query<{ realm: string | null; model: string; deviceSerial: string; policy: string }>(
    `SELECT d.realm, d.model, d.device_serial AS "deviceSerial", c.policy
       FROM ca.device_certificate c LEFT JOIN registry.device d ON d.device_ref = c.device_ref
      WHERE c.device_ref = $1 AND c.serial_number = $2`,
    [deviceRef, serialNumber],
  );
  if (row === undefined) return undefined;
  const { realm, model, deviceSerial, policy } = row;
  return { identity: realm === null ? null : { realm, model, deviceSerial }, policy };
}

/** The device whose certificate sits there; undefined for seats that are not a device's. `random`: the serial number's last 8 octets. */
export async function certificateOwner(
  db: Queryable,
  seat: { readonly listId: number; readonly index: number; readonly random: Uint8Array },
): Promise<string | undefined> {
  const [row] = await db.query<{ deviceRef: string }>(
    `SELECT device_ref AS "deviceRef" FROM ca.certificate_owner WHERE list_id = $1 AND index = $2 AND random = $3`,
    [seat.listId, seat.index, seat.random],
  );
  return row?.deviceRef;
}
