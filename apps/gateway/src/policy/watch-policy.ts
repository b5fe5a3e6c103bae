import { unwatchFile, watchFile } from 'node:fs';
import { readPolicy } from './parse-policy.js';
import type { Policy } from './policy.js';

export interface WatchPolicyOptions {
  readonly path: string;
  readonly onPolicy: (policy: Policy) => void;
  /** The file cannot be used: the policy before it stays in force. */
  readonly onRefused: (error: unknown) => void;
}

export interface PolicyWatch {
  /** Reads the file now. */
  reload(): Promise<void>;
  stop(): void;
}

const INTERVAL = 1_000;

/** Reads the policy file again whenever it changes, also where it is a link that is put elsewhere. */
export function watchPolicy({ path, onPolicy, onRefused }: WatchPolicyOptions): PolicyWatch {
  const read = async (): Promise<void> => {
    try {
      onPolicy(await readPolicy(path));
    } catch (error) {
      onRefused(error);
    }
  };
  // one after the other, so that the last one read is the last one in force
  let running = Promise.resolve();
  const reload = (): Promise<void> => {
    running = running.then(read);
    return running;
  };
  const changed = (): void => void reload();
  // by looking, because what is noticed of a change differs by file system
  watchFile(path, { interval: INTERVAL, persistent: false }, changed);
  return { reload, stop: () => unwatchFile(path, changed) };
}
