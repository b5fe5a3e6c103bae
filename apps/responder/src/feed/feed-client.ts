import type { ServerResponse } from 'node:http';
import type { JournalPosition } from '@touchmark/ca-port';
import type { Gateway } from './admit-gateway.js';
import type { FeedRefusedError } from './feed-refused-error.js';
import type { FeedHub, Follower } from './feed-hub.js';

/** One answer to one gateway. */
export interface FeedClient extends Follower {
  /** Ends it: the gateway may no longer follow, or the process stops. */
  refuse(error: FeedRefusedError): void;
  /** To be called at a steady pace. */
  tick(): void;
}

export interface FeedClientParts {
  readonly gateway: Gateway;
  readonly hub: FeedHub;
  readonly response: ServerResponse;
  readonly requestId: string;
  /** What the client says that it knows. */
  readonly position: JournalPosition | undefined;
  /** The client was cut because it does not read. */
  readonly onSlow: () => void;
}

/** What a client may let pile up before it is cut. */
export const PACE = {
  /** Octets beyond what it began with. */
  maxWaiting: 2 ** 20,
  /** Ticks without taking anything. */
  patience: 30,
};
