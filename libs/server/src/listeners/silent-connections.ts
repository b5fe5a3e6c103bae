import type { Socket } from 'node:net';

export interface SilenceLimits {
  /** Milliseconds until the first octet. */
  readonly patience: number;
  readonly connections: number;
  readonly ofOneAddress: number;
}

/** A client begins its handshake with the connection; who holds this many open without a word is no client. */
export const SILENCE: SilenceLimits = { patience: 2_000, connections: 1_024, ofOneAddress: 128 };

/**
 * Connections that were accepted and have sent nothing. They hold no place among the handshakes, only one here, and not for
 * long; where there are too many, of all or of one address, the oldest goes.
 */
export class SilentConnections {
  readonly #limits: SilenceLimits;
  /** What makes us forget each; the order is that of their coming. */
  readonly #all = new Map<Socket, () => void>();
  readonly #byAddress = new Map<string, Set<Socket>>();
  #dropped = 0;

  constructor(limits: SilenceLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#all.size;
  }

  /** Connections dropped because there were too many. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Calls `speak` once octets are there to be read; a connection that ends before, or is dropped, never gets so far. */
  wait(socket: Socket, speak: () => void): void {
    const address = socket.remoteAddress;
    if (address === undefined) {
      socket.destroy();
      return;
    }
    this.#makeRoom(this.#byAddress.get(address), this.#limits.ofOneAddress);
    this.#makeRoom(this.#all, this.#limits.connections);

    const drop = (): void => void socket.destroy();
    const hear = (): void => {
      // nothing to read: the client has ended what it never began
      if (socket.readableLength === 0) {
        drop();
        return;
      }
      forget();
      speak();
    };
    const patience = setTimeout(drop, this.#limits.patience);
    const forget = (): void => {
      clearTimeout(patience);
      socket.off('readable', hear).off('error', drop).off('close', forget);
      this.#remove(socket, address);
    };
    socket.on('readable', hear).on('error', drop).on('close', forget);
    this.#all.set(socket, forget);
    const ofAddress = this.#byAddress.get(address) ?? new Set();
    this.#byAddress.set(address, ofAddress.add(socket));
  }

  #makeRoom(connections: { readonly size: number; keys(): Iterable<Socket> } | undefined, limit: number): void {
    if (connections === undefined || connections.size < limit) return;
    const [oldest] = connections.keys();
    if (oldest === undefined) return;
    this.#dropped += 1;
    this.#all.get(oldest)?.();
    oldest.destroy();
  }

  #remove(socket: Socket, address: string): void {
    this.#all.delete(socket);
    const ofAddress = this.#byAddress.get(address);
    ofAddress?.delete(socket);
    if (ofAddress?.size === 0) this.#byAddress.delete(address);
  }
}
