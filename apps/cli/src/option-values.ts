import { InvalidArgumentError, Option } from 'commander';

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `90s`, `15m`, `12h`, `30d`: seconds. */
export function duration(text: string): number {
  const [, count, unit = ''] = /^([1-9][0-9]{0,8})([smhd])$/.exec(text) ?? [];
  const seconds = Number(count) * (UNITS[unit] ?? NaN);
  if (!Number.isSafeInteger(seconds))
    throw new InvalidArgumentError('It is a number with s, m, h or d: 90s, 15m, 12h, 30d.');
  return seconds;
}

/** An option with a duration, whose help says the default as it would be written. */
export function durationOption(flags: string, description: string, standard?: string): Option {
  const option = new Option(flags, `${description}: 90s, 15m, 12h, 30d`).argParser(duration);
  return standard === undefined ? option : option.default(duration(standard), standard);
}

/** UTC seconds, or a time as ISO 8601 writes it with its zone. */
export function time(text: string): number {
  if (/^[0-9]{1,12}$/.test(text)) return Number(text);
  const milliseconds = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text)
    ? Date.parse(text)
    : NaN;
  if (Number.isNaN(milliseconds)) {
    throw new InvalidArgumentError('It is UTC seconds, or a time with its zone: 2027-01-31T12:00:00Z, 2027-01-31.');
  }
  return Math.floor(milliseconds / 1000);
}

/** A whole number of at least `least` and at most `most`. */
export const wholeNumber =
  (least: number, most: number) =>
  (text: string): number => {
    const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It is a whole number from ${least} to ${most}.`);
  };

/** For options that may stand there several times. */
export const collected = (text: string, before: readonly string[] = []): string[] => [...before, text];
