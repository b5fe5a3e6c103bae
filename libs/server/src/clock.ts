/**
 * The time, as everything above the libraries is handed it.
 * Seconds are whole because certificates, CRLs and journal positions know nothing finer.
 */
export interface Clock {
  /** UTC seconds since 1970, whole (rounded down). */
  readonly now: () => number;
  /** UTC milliseconds since 1970, for log lines and durations; never for a decision about a certificate. */
  readonly nowMs: () => number;
}

/** The machine's clock. The only one in the code base that is not handed in. */
export const systemClock: Clock = {
  now: () => Math.floor(Date.now() / 1000),
  nowMs: () => Date.now(),
};
