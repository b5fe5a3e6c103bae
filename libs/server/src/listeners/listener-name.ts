import type { IncomingMessage } from 'node:http';

/** A port by its purpose: devices and factories (mutual TLS), admins (TLS, bearer tokens), anyone (plain HTTP). */
export type ListenerName = 'device' | 'admin' | 'public';

const kListener = Symbol('listener');

interface TaggedRequest extends IncomingMessage {
  [kListener]?: ListenerName;
}

/** Notes on the request through which listener it came. */
export function tagRequest(request: IncomingMessage, name: ListenerName): void {
  const tagged: TaggedRequest = request;
  tagged[kListener] = name;
}

/** The listener that a request came through; undefined for one that was injected without a listener. */
export function listenerOf(request: IncomingMessage): ListenerName | undefined {
  const tagged: TaggedRequest = request;
  return tagged[kListener];
}
