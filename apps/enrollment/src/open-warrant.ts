import type { CaPort, WarrantRequest } from '@touchmark/ca-port';
import { EnrollmentError } from './enrollment-error.js';

/** Opens one warrant at the CA; again is no error. Throws what the CA refuses. */
export async function openWarrant(ca: Pick<CaPort, 'openWarrants'>, request: WarrantRequest): Promise<void> {
  const [outcome] = await ca.openWarrants([request]);
  if (!outcome) throw new TypeError('the CA answered fewer items than were asked');
  if (!outcome.ok) throw EnrollmentError.fromRefusal(outcome);
}
