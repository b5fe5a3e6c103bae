import cliProgress from 'cli-progress';
import { formatDuration } from '../format.js';

/** How far a batch is. */
export interface Progress {
  start(total: number): void;
  update(): void;
  stop(): void;
}

/** What is counted: a `Tally`, or keys that are made. */
export interface Counts {
  /** Of all runs. */
  readonly answered: number;
  /** Of this run. */
  readonly now: number;
  readonly refused: number;
}

export interface ProgressOptions {
  readonly tally: Counts;
  readonly nowMs: () => number;
  readonly stderr: NodeJS.WritableStream;
}

const LINE_MILLISECONDS = 5_000;

/** Devices a second since this run began, and seconds to the end at that rate. */
export function pace(tally: Counts, total: number, milliseconds: number): { rate: number; left: number | undefined } {
  const rate = milliseconds > 0 ? (tally.now * 1000) / milliseconds : 0;
  return { rate, left: rate > 0 ? Math.max(0, total - tally.answered) / rate : undefined };
}

/** For a terminal: a bar that is drawn over itself. */
export function progressBar({ tally, nowMs, stderr }: ProgressOptions): Progress {
  let startedAt = nowMs();
  let total = 0;
  const bar = new cliProgress.SingleBar({
    stream: stderr,
    // a second Ctrl-C must find the terminal as it was
    hideCursor: null,
    linewrap: null,
    fps: 5,
    format: (options, params) => {
      const { rate, left } = pace(tally, total, nowMs() - startedAt);
      const share = Math.floor(params.progress * 100);
      return [
        `${cliProgress.Format.BarFormat(params.progress, options)} ${share}%`,
        `${tally.answered}/${total}`,
        `${Math.round(rate)}/s`,
        left === undefined ? '' : `${formatDuration(left)} left`,
        tally.refused === 0 ? '' : `${tally.refused} refused`,
      ]
        .filter((part) => part !== '')
        .join('  ');
    },
    barCompleteChar: '█',
    barIncompleteChar: '░',
  });
  return {
    start(all) {
      total = all;
      startedAt = nowMs();
      bar.start(all, tally.answered);
    },
    update: () => bar.update(Math.min(total, tally.answered)),
    stop: () => bar.stop(),
  };
}

/** For a log: a line every few seconds. */
export function progressLines({ tally, nowMs, stderr }: ProgressOptions): Progress {
  let startedAt = nowMs();
  let toldAt = startedAt;
  let total = 0;
  return {
    start(all) {
      total = all;
      startedAt = nowMs();
      toldAt = startedAt;
    },
    update() {
      if (nowMs() - toldAt < LINE_MILLISECONDS) return;
      toldAt = nowMs();
      const { rate, left } = pace(tally, total, toldAt - startedAt);
      const rest = left === undefined ? '' : `, ${formatDuration(left)} left`;
      stderr.write(`${tally.answered}/${total}, ${Math.round(rate)}/s${rest}, ${tally.refused} refused\n`);
    },
    stop: () => undefined,
  };
}

/** For `--json`: nothing. */
export const noProgress: Progress = { start: () => undefined, update: () => undefined, stop: () => undefined };
