/** Whatever emits POSIX signals: `process`. */
export interface SignalSource {
  on(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  off(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
}

export interface StopHandlers {
  /** The first signal: finish what is in hand and leave. */
  readonly stop: () => void;
  /** A person who asks again does not want to wait. */
  readonly force: () => void;
}

const SAME_KEYSTROKE_MS = 1_000;

/**
 * Calls `stop` at the first SIGINT or SIGTERM and `force` at a later one, but not within a second of the first: one
 * Ctrl-C reaches a process under npm twice, from the terminal and from npm. Returns how to stop listening.
 */
export function onStopSignals(source: SignalSource, nowMs: () => number, handlers: StopHandlers): () => void {
  let stoppedAt: number | undefined;
  const listener = (): void => {
    if (stoppedAt === undefined) {
      stoppedAt = nowMs();
      handlers.stop();
    } else if (nowMs() - stoppedAt > SAME_KEYSTROKE_MS) {
      handlers.force();
    }
  };
  source.on('SIGINT', listener);
  source.on('SIGTERM', listener);
  return () => {
    source.off('SIGINT', listener);
    source.off('SIGTERM', listener);
  };
}
