/** The two bits of a seat, numbered as the status types of an IETF Token Status List. */
export const SeatValue = { valid: 0, invalid: 1, suspended: 2 } as const;

export type SeatValue = (typeof SeatValue)[keyof typeof SeatValue];

/** Name of a value, as it stands in logs, JSON and the lifecycle's rules. */
export type SeatValueName = keyof typeof SeatValue;

const names: Record<SeatValue, SeatValueName> = { 0: 'valid', 1: 'invalid', 2: 'suspended' };

export function seatValueName(value: SeatValue): SeatValueName {
  return names[value];
}

/** Whether a number is a seat value. Three is reserved. */
export function isSeatValue(value: number): value is SeatValue {
  return value === SeatValue.valid || value === SeatValue.invalid || value === SeatValue.suspended;
}
