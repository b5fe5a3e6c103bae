import type { Server } from 'node:https';
import type { Socket } from 'node:net';

export interface HandshakeCount {
  /** TLS handshakes that have begun and not ended. */
  readonly inFlight: number;
  /** Connections dropped because too many were in flight. */
  readonly refused: number;
}

/**
 * Drops connections, before any cryptography, while `max` handshakes are in flight. A handshake costs more than
 * everything that we do in the connection, so a storm of them is where a server dies; who is dropped tries again.
 */
export function capHandshakes(server: Server, max: number): HandshakeCount {
  const count = { inFlight: 0, refused: 0 };
  const begin = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    if (count.inFlight >= max) {
      count.refused += 1;
      socket.destroy();
      return;
    }
    count.inFlight += 1;
    for (const listener of begin) Reflect.apply(listener, server, [socket]);
  });
  // Node ends every handshake with exactly one of the two, a connection that just goes away included.
  const ended = () => {
    count.inFlight -= 1;
  };
  server.on('secureConnection', ended);
  server.on('tlsClientError', ended);
  return count;
}
