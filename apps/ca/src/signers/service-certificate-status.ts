import { equalBytes } from '@touchmark/der';
import { parseSerialNumber, SeatValue } from '@touchmark/status-list';
import { type Database, readCertificates, readServiceCredential } from '@touchmark/store';
import type { CertificateStatus } from '@touchmark/verifier';

/** Status of a service's certificate by its serialNumber: `unknown` unless this CA stored exactly that one for a service. */
export async function serviceCertificateStatus(db: Database, serialNumber: Uint8Array): Promise<CertificateStatus> {
  const seat = parseSerialNumber(serialNumber);
  if (!seat) return 'unknown';
  const [certificate] = await readCertificates(db, [seat]);
  const credential = await readServiceCredential(db, seat);
  if (!credential || !certificate || !equalBytes(certificate.random, seat.random)) return 'unknown';
  switch (credential.seatValue) {
    case SeatValue.valid:
      return 'valid';
    case SeatValue.suspended:
      return 'suspended';
    case SeatValue.invalid:
      return 'invalid';
  }
}
