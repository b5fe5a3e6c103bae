/** Largest time that DER can say: 9999-12-31T23:59:59Z, "no well-defined expiration date" (RFC 5280 4.1.2.5). UTC seconds. */
export const MAX_TIME = 253_402_300_799;
const MIN_TIME = -62_167_219_200;

/**
 * UTC seconds of `YYMMDDHHMMSSZ` (`yearDigits` 2, RFC 5280 4.1.2.5.1: 50 to 99 are 19YY) or `YYYYMMDDHHMMSSZ` (4) lying in
 * `bytes[start, end)`. Undefined where seconds or `Z` are missing, there are fractions or offsets, or the date does not exist.
 */
export function parseTimeDigits(bytes: Uint8Array, start: number, end: number, yearDigits: 2 | 4): number | undefined {
  if (end - start !== yearDigits + 11 || bytes[end - 1] !== 0x5a) return undefined;
  for (let i = start; i < end - 1; i++) {
    const octet = bytes[i] ?? 0;
    if (octet < 0x30 || octet > 0x39) return undefined;
  }
  const pair = (at: number): number => ((bytes[at] ?? 0) - 0x30) * 10 + (bytes[at + 1] ?? 0) - 0x30;
  let year = pair(start);
  let at = start + 2;
  if (yearDigits === 4) {
    year = year * 100 + pair(at);
    at += 2;
  } else {
    year += year >= 50 ? 1900 : 2000;
  }
  const month = pair(at);
  const day = pair(at + 2);
  const hour = pair(at + 4);
  const minute = pair(at + 6);
  const second = pair(at + 8);
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  return daysSinceEpoch(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
}

/** Whether RFC 5280 4.1.2.5 wants this time as UTCTime (1950 through 2049). */
export function fitsUtcTime(seconds: number): boolean {
  return seconds >= -631_152_000 && seconds < 2_524_608_000;
}

/** `YYYYMMDDHHMMSSZ` of whole UTC seconds between the years 0 and 9999. */
export function formatGeneralizedTime(seconds: number): string {
  if (!Number.isInteger(seconds) || seconds < MIN_TIME || seconds > MAX_TIME) {
    throw new TypeError('a time is a whole number of UTC seconds, years 0 to 9999');
  }
  // '+000000-01-01T…' never occurs: years 0 to 9999 print with four digits.
  return `${new Date(seconds * 1000).toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}Z`;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

// Proleptic Gregorian calendar, counted in 400-year eras that begin on 1 March, so that the leap day comes last.
function daysSinceEpoch(year: number, month: number, day: number): number {
  const y = month > 2 ? year : year - 1;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}
