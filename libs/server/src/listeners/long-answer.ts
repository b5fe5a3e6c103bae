import type { IncomingMessage } from 'node:http';

const kDraining = Symbol('draining');

interface NotedRequest extends IncomingMessage {
  [kDraining]?: AbortSignal;
}

/** Milliseconds of silence after which the operating system asks whether the other side is still there. */
const KEEP_ALIVE = 30_000;

/** Notes on the request how to learn that its listener drains. */
export function noteDraining(request: IncomingMessage, draining: AbortSignal): void {
  const noted: NotedRequest = request;
  noted[kDraining] = draining;
}

/**
 * For an answer that goes on as long as both sides like, with silence in it: no timeout ends its connection, and a client
 * that is gone is found out by TCP. The signal aborts when the listener drains: the answer must end then, or is cut.
 */
export function beginLongAnswer(request: IncomingMessage): AbortSignal {
  const noted: NotedRequest = request;
  request.socket.setTimeout(0);
  request.socket.setKeepAlive(true, KEEP_ALIVE);
  return noted[kDraining] ?? NEVER;
}

/** For a request that came through no listener of ours. */
const NEVER = new AbortController().signal;
