import type { ProcessContext } from '@touchmark/server';

/** What a command is given: the configuration that it works by, and where its answer goes, line by line. */
export interface CommandContext<Config> extends ProcessContext<Config> {
  readonly print: (line: string) => void;
}
