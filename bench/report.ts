import { cpus } from 'node:os';

export interface Report {
  readonly bench: string;
  readonly value: number;
  readonly unit: string;
  /** The same work at its bare minimum, measured in the same run, in the same unit; undefined where the bound is absolute. */
  readonly limit?: number;
  /** How much of the limit was reached: 1 is all of it, whichever way the unit counts. */
  readonly ratio?: number;
  readonly [detail: string]: string | number | undefined;
}

/** Prints one JSON line: {"bench","value","unit","limit","ratio","machine"} and what else the bench has to say. */
export function report({ bench, value, unit, limit, ratio, ...details }: Report): void {
  const [cpu] = cpus();
  const machine = `${cpus().length} x ${cpu?.model ?? 'unknown'}, Node ${process.versions.node}`;
  const line = {
    bench,
    value: rounded(value),
    unit,
    limit: rounded(limit),
    ratio: rounded(ratio),
    machine,
    ...details,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function rounded(value: number | undefined): number | null {
  return value === undefined ? null : Number(value.toPrecision(4));
}
