import type { IncomingMessage } from 'node:http';

/**
 * The ports by their purpose: devices, and gateways that report (TLS, client certificates requested), admins and factories (TLS,
 * bearer tokens), anyone (plain HTTP), gateways that follow the status feed (TLS, client certificates requested).
 */
export const listenerNames = ['device', 'admin', 'public', 'gateway'] as const;
export type ListenerName = (typeof listenerNames)[number];

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
