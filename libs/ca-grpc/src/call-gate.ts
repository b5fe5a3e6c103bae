import { ResponderBuilder, ServerInterceptingCall, type ServerInterceptor, ServerListenerBuilder } from '@grpc/grpc-js';
import { statusOf } from './answer-call.js';
import type { Lease } from './octet-budget.js';
import type { ReceivedMessage } from './service-definition.js';

export interface CallGatePorts {
  /** Whether this call may be made now, by its path: decided by the headers. Rejects where it may not. */
  readonly admit: (path: string) => Promise<void>;
  /** A place for a call that was admitted, and room for its message. Throws where there is none. */
  readonly lease: () => Lease;
  /** Told of what was refused, after its caller was. */
  readonly onRefused: (error: unknown) => void;
}

/**
 * Stands before every call: not an octet of a message is read before the caller may make the call and there is room for the largest
 * one. HTTP/2 holds back what the other side sends until then.
 */
export function callGate({ admit, lease, onRefused }: CallGatePorts): ServerInterceptor {
  return ({ path }, call) => {
    let held: Lease | undefined;
    let octets = 0;
    let ended = false;
    const enter = async (proceed: () => void): Promise<void> => {
      try {
        await admit(path);
        if (ended) return;
        held = lease();
        await held.granted;
      } catch (error) {
        call.sendStatus(statusOf(error));
        onRefused(error);
        return;
      }
      if (!ended) proceed();
    };
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => void enter(() => next(metadata)))
      .withOnReceiveMessage((received: ReceivedMessage, next) => {
        octets += received.octets;
        next(received);
      })
      .withOnReceiveHalfClose((next) => {
        // only now: a client could send another message behind the first
        held?.shrinkTo(octets);
        next();
      })
      .withOnCancel(() => {
        // comes with every end of a call, a good one too
        ended = true;
        held?.release();
      })
      .build();
    return new ServerInterceptingCall(call, new ResponderBuilder().withStart((next) => next(listener)).build());
  };
}
