import { Api } from './service/api.js';
import type { Output } from './output.js';
import { type ConnectionOptions, type Profile, resolveProfile, type Surroundings } from './profile.js';

/** The terminal's and the machine's side of a command; handed in, so that a test can stand in for them. */
export interface Machine extends Surroundings {
  readonly now: () => number;
  readonly nowMs: () => number;
  readonly freshBytes: (length: number) => Uint8Array;
  /** Standard error is a terminal that a person looks at. */
  readonly isTerminal: boolean;
  readonly stderr: NodeJS.WritableStream;
  /** From now on the first Ctrl-C (or SIGTERM) aborts the signal; the next one ends the process, as ever. */
  readonly watchInterruption: () => AbortSignal;
}

/** What a command works with. */
export class Cli {
  readonly machine: Machine;
  readonly out: Output;

  constructor(machine: Machine, out: Output) {
    this.machine = machine;
    this.out = out;
  }

  profile(options: ConnectionOptions): Promise<Profile> {
    return resolveProfile(options, this.machine);
  }

  async api(options: ConnectionOptions): Promise<Api> {
    return new Api(await this.profile(options));
  }
}
