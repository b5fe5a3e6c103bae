import type { Queryable } from '../database.js';

/** Format, list (4 octets), index (3), random (8). */
const SERIAL_NUMBER_LENGTH = 16;

/** A certificate of a gateway or service with the value of its seat, read through `ca.service_certificate`. */
export interface ServiceCertificateView {
  readonly profile: string;
  readonly name: string;
  /** 0 valid, 1 invalid, 2 suspended. */
  readonly seatValue: 0 | 1 | 2;
}

export async function serviceCertificate(
  db: Queryable,
  serialNumber: Uint8Array,
): Promise<ServiceCertificateView | undefined> {
  if (serialNumber.length !== SERIAL_NUMBER_LENGTH) return undefined;
  const octets = new DataView(serialNumber.buffer, serialNumber.byteOffset, serialNumber.byteLength);
  // the seat is what there is an index on: the serial number is computed for each row
  const [row] = await db.query<ServiceCertificateView>(
    `SELECT profile, name, seat_value AS "seatValue" FROM ca.service_certificate
      WHERE list_id = $1 AND index = $2 AND serial_number = $3`,
    [octets.getInt32(1), octets.getUint32(4) & 0xff_ffff, serialNumber],
  );
  return row;
}
