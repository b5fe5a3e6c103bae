import type { JobsError } from './jobs-error.js';

const QUIET_LOSSES = 100;

/** A database or Redis that is away is reported at the first lost connection and then at every hundredth, not ten times a second. */
export function quietLosses(onError: (error: unknown) => void): (error: JobsError) => void {
  let losses = 0;
  return (error) => {
    if (error.code !== 'JOBS_CONNECTION') onError(error);
    else if (losses++ % QUIET_LOSSES === 0) onError(error);
  };
}
