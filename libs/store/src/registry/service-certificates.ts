import type { Queryable } from '../database.js';

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
  const [row] = await db.query<ServiceCertificateView>(
    'SELECT profile, name, seat_value AS "seatValue" FROM ca.service_certificate WHERE serial_number = $1',
    [serialNumber],
  );
  return row;
}
