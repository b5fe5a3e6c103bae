/** Value of a seat by name; the numbers belong to the status list. */
export type SeatValueName = 'valid' | 'invalid' | 'suspended';

/** How a certificate, a device or an issuer stands. */
export interface Standing {
  /** Revoked, withdrawn or closed: it never comes back. */
  readonly ended: boolean;
  /** Causes that hold it, one entry each; a cause placed twice is one hold. */
  readonly holds: ReadonlySet<string>;
}

/**
 * Value of a certificate's seat: invalid when any of the three has ended, else suspended while any is held, else valid.
 * Nothing in it depends on the order of the changes that led there.
 */
export function seatValueOf(of: {
  readonly certificate: Standing;
  readonly device: Standing;
  readonly issuer: Standing;
}): SeatValueName {
  const standings = [of.certificate, of.device, of.issuer];
  if (standings.some(({ ended }) => ended)) return 'invalid';
  return standings.some(({ holds }) => holds.size > 0) ? 'suspended' : 'valid';
}

/** Holds with one more cause. */
export function placeHold(holds: ReadonlySet<string>, cause: string): ReadonlySet<string> {
  return new Set(holds).add(cause);
}

/** Holds without one cause; the others stay. */
export function releaseHold(holds: ReadonlySet<string>, cause: string): ReadonlySet<string> {
  const left = new Set(holds);
  left.delete(cause);
  return left;
}
