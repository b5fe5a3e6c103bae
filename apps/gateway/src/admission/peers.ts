import type { Socket } from 'node:net';
import { certificatesOfSocket } from '@touchmark/server';
import { type Accepted, formatSpiffeId, type Refused, type Verifier } from '@touchmark/verifier';
import type { Device } from '../policy/policy.js';
import { isOutage, type Refusal, refusalOf } from '../refusal.js';
import { type Presented, presentedBy } from './presented.js';

/** Who is at the other end, judged just now. */
export type Judged =
  | { readonly ok: true; readonly accepted: Accepted; readonly device: Device }
  | ({ readonly ok: false } & Refusal);

interface Peer {
  /** As sent in the handshake; a resumed session has the end entity's certificate alone. */
  readonly chain: readonly Uint8Array[];
  /** UTC seconds. */
  readonly since: number;
  tracked: boolean;
  /** Gives back what it has of its device's share. */
  leave: () => void;
}

export interface ConnectionShare {
  /** Open connections of one device. */
  readonly perDevice: number;
  /** A device has one more: its oldest was closed, which often is one that it has lost. */
  readonly onDisplaced: () => void;
}

/**
 * The clients that are connected. Each is judged when its handshake is over, resumed or not, and anew with every request; between
 * requests the verifier watches, and cuts the connection when its certificate falls.
 */
export class Peers {
  private readonly verifier: Pick<Verifier, 'verify' | 'track' | 'status'>;
  private readonly now: () => number;
  private readonly share: ConnectionShare;
  private readonly peers = new Map<Socket, Peer>();
  /** By SPIFFE ID, the oldest first. */
  private readonly byDevice = new Map<string, Set<Socket>>();

  constructor(verifier: Pick<Verifier, 'verify' | 'track' | 'status'>, now: () => number, share: ConnectionShare) {
    this.verifier = verifier;
    this.now = now;
    this.share = share;
  }

  get size(): number {
    return this.peers.size;
  }

  /**
   * After the handshake. Who is refused is cut off at once, and the refusal is answered here; only who would be let in if the gateway
   * knew more may stay to be told so.
   */
  admit(socket: Socket): Refusal | undefined {
    if (socket.destroyed) return undefined;
    const chain = certificatesOfSocket(socket);
    const peer: Peer = { chain, since: this.now(), tracked: false, leave: () => undefined };
    this.peers.set(socket, peer);
    socket.once('close', () => {
      this.peers.delete(socket);
      peer.leave();
    });
    const judged = this.judge(socket);
    if (judged.ok || isOutage(judged.code)) return undefined;
    socket.destroy();
    return judged;
  }

  /** Before every request. */
  judge(socket: Socket): Judged {
    const peer = this.peers.get(socket);
    if (peer === undefined) return { ok: false, code: 'CERTIFICATE_MISSING' };
    const accepted = this.verifier.verify(peer.chain, { at: this.now(), purpose: 'client' });
    if (!accepted.ok) return { ok: false, ...this.refusalOf(accepted.error) };
    const { device } = accepted;
    if (device === undefined) return { ok: false, code: 'NOT_A_DEVICE' };
    this.track(socket, peer, accepted, device);
    return { ok: true, accepted, device };
  }

  /** What it showed in the handshake, for the log. */
  presented(socket: Socket): Presented {
    return presentedBy(this.peers.get(socket)?.chain ?? certificatesOfSocket(socket));
  }

  /** Ends the connections that are not among `busy`. Answers how many. */
  endIdle(busy: ReadonlySet<unknown>): number {
    const idle = [...this.peers.keys()].filter((socket) => !busy.has(socket) && !socket.destroyed);
    for (const socket of idle) socket.destroy();
    return idle.length;
  }

  /** Seconds since the handshake. */
  age(socket: Socket): number {
    return this.now() - (this.peers.get(socket)?.since ?? 0);
  }

  /** While nothing is known yet, not even the issuing CAs, what is wrong is not the client. */
  private refusalOf(error: Refused['error']): Refusal {
    const refusal = refusalOf(error);
    const ignorant = refusal.code === 'CERTIFICATE_INVALID' && this.verifier.status().epoch === 0;
    return ignorant ? { ...refusal, code: 'STATUS_STALE' } : refusal;
  }

  private track(socket: Socket, peer: Peer, accepted: Accepted, device: Device): void {
    if (peer.tracked) return;
    peer.tracked = true;
    socket.once('close', this.verifier.track(socket, accepted));
    peer.leave = this.join(socket, formatSpiffeId({ kind: 'device', ...device }));
  }

  /** Returns how to say that the connection is gone. */
  private join(socket: Socket, device: string): () => void {
    const sockets = this.byDevice.get(device) ?? new Set();
    this.byDevice.set(device, sockets.add(socket));
    const [oldest] = sockets;
    if (oldest !== undefined && sockets.size > this.share.perDevice) {
      sockets.delete(oldest);
      oldest.destroy();
      this.share.onDisplaced();
    }
    return () => {
      sockets.delete(socket);
      if (sockets.size === 0 && this.byDevice.get(device) === sockets) this.byDevice.delete(device);
    };
  }
}
