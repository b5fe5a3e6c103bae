import { type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { ChannelCredentials } from '@grpc/grpc-js';
import { CaGrpcError } from './error.js';
import type { ServerJudge } from './server-judge.js';

type Connector = ReturnType<ChannelCredentials['_createSecureConnector']>;

/**
 * TLS of a channel. A new connection carries no call before its server was judged, which takes longer than a handshake can wait;
 * one that is open is judged again by `hold`.
 */
export class JudgedCredentials extends ChannelCredentials {
  private readonly tls: ChannelCredentials;
  private readonly server: ServerJudge;
  /** Open connections with the certificates, DER, of who is at their other ends. */
  private readonly connections = new Map<Socket, Uint8Array>();

  constructor(tls: ChannelCredentials, server: ServerJudge) {
    super();
    this.tls = tls;
    this.server = server;
  }

  /**
   * Whether all connections still are what they were when they were opened; those that are not are cut, with what is open on them.
   * Rejects with CaUnavailableError where that cannot be told now.
   */
  async hold(): Promise<boolean> {
    let held = true;
    for (const [socket, certificate] of this.connections) {
      try {
        await this.server.judge(certificate);
      } catch (error) {
        if (!(error instanceof CaGrpcError)) throw error;
        socket.destroy();
        held = false;
      }
    }
    return held;
  }

  override _isSecure(): boolean {
    return true;
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(...options: Parameters<ChannelCredentials['_createSecureConnector']>): Connector {
    // the underscore is grpc-js's
    // oxlint-disable-next-line no-underscore-dangle
    const connector = this.tls._createSecureConnector(...options);
    return {
      connect: async (tcp) => {
        const connected = await connector.connect(tcp);
        await this.admit(connected.socket);
        return connected;
      },
      waitForReady: () => connector.waitForReady(),
      getCallCredentials: () => connector.getCallCredentials(),
      destroy: () => connector.destroy(),
    };
  }

  private async admit(socket: Socket): Promise<void> {
    try {
      const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.raw : undefined;
      if (certificate === undefined) throw new CaGrpcError('SERVER_NOT_ACCEPTED', 'CERTIFICATE_MISSING');
      await this.server.judge(certificate);
      this.connections.set(socket, certificate);
      socket.once('close', () => this.connections.delete(socket));
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }
}
