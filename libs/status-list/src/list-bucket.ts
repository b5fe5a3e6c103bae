const DAY = 86_400;
const WEEK = 7 * DAY;

/** notAfter of a certificate without a well-defined end, 99991231235959Z (RFC 5280 section 4.1.2.5), in UTC seconds. */
export const NO_WELL_DEFINED_EXPIRATION = 253_402_300_799;

/**
 * Bucket of a certificate. Those that share a status list end together, so a finished list can go as a whole: on one
 * day when they live at most 10 days (`2026-11-22`), in one ISO 8601 week when at most 100 (`2026-W47`), else in one
 * month (`2026-11`), or `never`. Times are UTC seconds, names are in UTC; notAfter itself is not rounded. TypeError when notAfter is before notBefore.
 */
export function bucketOf(notBefore: number, notAfter: number): string {
  if (!Number.isInteger(notBefore) || !Number.isInteger(notAfter) || notAfter < notBefore) {
    throw new TypeError('notBefore and notAfter are not a validity in UTC seconds');
  }
  if (notAfter >= NO_WELL_DEFINED_EXPIRATION) return 'never';
  const lifetime = notAfter - notBefore;
  if (lifetime <= 10 * DAY) return dayOf(notAfter);
  if (lifetime <= 100 * DAY) return weekOf(notAfter);
  return dayOf(notAfter).slice(0, 7);
}

/**
 * First UTC second after a bucket: every certificate in it has ended by then. `undefined` for `never`.
 * TypeError for text that names no bucket.
 */
export function bucketEnd(bucket: string): number | undefined {
  if (bucket === 'never') return undefined;
  const match = /^(\d{4})-(?:W(\d{2})|(\d{2})(?:-(\d{2}))?)$/.exec(bucket);
  if (match === null) throw new TypeError('not a bucket');
  const [, year, week, month, day] = match.map(Number);
  const end = endOf(Number(year), week, month, day);
  // Whatever calendar arithmetic rolled over (2026-02-30, 2025-W53) does not lead back to the name it came from.
  const last = end - 1;
  const name = match[2] !== undefined ? weekOf(last) : dayOf(last).slice(0, match[4] === undefined ? 7 : 10);
  if (name !== bucket) throw new TypeError('not a bucket');
  return end;
}

function endOf(year: number, week: number | undefined, month: number | undefined, day: number | undefined): number {
  if (week !== undefined && !Number.isNaN(week)) return firstMonday(year) + week * WEEK;
  const monthIndex = (month ?? Number.NaN) - 1;
  const ofDay = day !== undefined && !Number.isNaN(day);
  return utcSeconds(ofDay ? Date.UTC(year, monthIndex, day + 1) : Date.UTC(year, monthIndex + 1, 1));
}

function dayOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}

/** ISO 8601: a week begins on Monday and belongs to the year of its Thursday. */
function weekOf(seconds: number): string {
  const monday = mondayOf(seconds);
  const year = new Date((monday + 3 * DAY) * 1000).getUTCFullYear();
  const week = (monday - firstMonday(year)) / WEEK + 1;
  return `${year}-W${String(week).padStart(2, '0')}`;
}

/** Start of the Monday of ISO week 1, the week that holds 4 January. */
function firstMonday(year: number): number {
  return mondayOf(utcSeconds(Date.UTC(year, 0, 4)));
}

function mondayOf(seconds: number): number {
  const day = Math.floor(seconds / DAY);
  // Day 0, 1 January 1970, was a Thursday.
  return (day - ((((day + 3) % 7) + 7) % 7)) * DAY;
}

function utcSeconds(milliseconds: number): number {
  return milliseconds / 1000;
}
