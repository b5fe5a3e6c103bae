import type { Socket } from 'node:net';
import type { Server } from 'node:tls';
import { SilentConnections, type SilenceLimits, SILENCE } from './silent-connections.js';

export interface HandshakeCount {
  /** TLS handshakes that have begun, with an octet of the client, and not ended. */
  readonly inFlight: number;
  /** Connections that have sent nothing yet. */
  readonly silent: number;
  /** Connections dropped because too many were in flight or silent. */
  readonly refused: number;
}

/** Milliseconds. An honest handshake is over long before; one that is not gives up its place when there is no other. */
const STALLED = 2_000;

/**
 * Drops connections, before any cryptography, while `max` handshakes are in flight. A handshake costs more than
 * everything that we do in the connection, so a storm of them is where a server dies; who is dropped tries again.
 * A connection counts from its first octet; until then it is judged with the other silent ones.
 */
export function capHandshakes(server: Server, max: number, silence: SilenceLimits = SILENCE): HandshakeCount {
  const handshakes = new Handshakes(max);
  const silent = new SilentConnections(silence);
  const begin = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    silent.wait(socket, () => {
      if (!handshakes.admit(socket)) return;
      // TLS reads first what the socket has read already
      for (const listener of begin) Reflect.apply(listener, server, [socket]);
    });
  });
  server.on('secureConnection', (socket) => handshakes.end(socket));
  return {
    get inFlight() {
      return handshakes.size;
    },
    get silent() {
      return silent.size;
    },
    get refused() {
      return handshakes.refused + silent.dropped;
    },
  };
}

/** Handshakes in flight, by the two ends of their connection: the TLS socket that reports success is not the one that we saw begin. */
class Handshakes {
  readonly #max: number;
  readonly #inFlight = new Map<string, { readonly socket: Socket; readonly stalling: NodeJS.Timeout }>();
  readonly #stalled = new Set<string>();
  refused = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#inFlight.size;
  }

  /** False, and the connection is destroyed, where there is no place. */
  admit(socket: Socket): boolean {
    if (this.#inFlight.size >= this.#max) {
      this.refused += 1;
      if (!this.#dropStalled()) {
        socket.destroy();
        return false;
      }
    }
    const name = endsOf(socket);
    const stalling = setTimeout(() => this.#stalled.add(name), STALLED);
    this.#inFlight.set(name, { socket, stalling });
    // a handshake that fails closes its connection
    socket.once('close', () => {
      if (this.#inFlight.get(name)?.socket === socket) this.#remove(name);
    });
    return true;
  }

  end(socket: Socket): void {
    this.#remove(endsOf(socket));
  }

  #dropStalled(): boolean {
    const [oldest] = this.#stalled;
    if (oldest === undefined) return false;
    const handshake = this.#inFlight.get(oldest);
    this.#remove(oldest);
    handshake?.socket.destroy();
    return true;
  }

  #remove(name: string): void {
    clearTimeout(this.#inFlight.get(name)?.stalling);
    this.#inFlight.delete(name);
    this.#stalled.delete(name);
  }
}

const endsOf = ({ remoteAddress, remotePort, localAddress }: Socket): string =>
  `${remoteAddress} ${remotePort} ${localAddress}`;
