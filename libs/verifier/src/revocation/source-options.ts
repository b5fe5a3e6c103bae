/**
 * Options of a source as they are written, perhaps without types: none of them may turn a check off by accident. Each is the default's
 * if it is left out or undefined; throws TypeError that names it for anything else than it can be.
 */
export const sourceOption = {
  /** A bound or seconds: finite, and not negative. */
  number(name: string, value: unknown, standard: number): number {
    if (value === undefined) return standard;
    if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
    throw new TypeError(`${name} must be a finite number from 0`);
  },
  boolean(name: string, value: unknown, standard: boolean): boolean {
    if (value === undefined) return standard;
    if (typeof value === 'boolean') return value;
    throw new TypeError(`${name} must be true or false`);
  },
};
