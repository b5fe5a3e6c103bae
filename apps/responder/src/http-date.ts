const dates = new Map<number, string>();

/** HTTP-date of RFC 9110 section 5.6.7. The last few are remembered: all answers of one second have the same. */
export function httpDate(seconds: number): string {
  const known = dates.get(seconds);
  if (known !== undefined) return known;
  if (dates.size >= 16) dates.clear();
  const date = new Date(seconds * 1000).toUTCString();
  dates.set(seconds, date);
  return date;
}
