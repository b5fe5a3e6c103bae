import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import type { GrpcCredentials } from '../src/credentials.js';

/** An HTTP/2 connection of a caller that keeps to nothing. */
export async function rawSession(port: number, own: GrpcCredentials): Promise<ClientHttp2Session> {
  const { key, cert, ca } = own.tls();
  const session = connect(`https://127.0.0.1:${port}`, {
    key,
    cert,
    ca,
    allowPartialTrustChain: true,
    checkServerIdentity: () => undefined,
  });
  session.on('error', () => undefined);
  await once(session, 'remoteSettings');
  return session;
}

/** A call of which the test sends what it likes. */
export class RawCall {
  /** The gRPC status, once there is one. */
  readonly status: Promise<number>;
  private readonly stream: ClientHttp2Stream;

  constructor(session: ClientHttp2Session, method: string) {
    this.stream = session.request({
      ':method': 'POST',
      ':path': `/touchmark.ca.v1.Ca/${method}`,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    this.stream.on('error', () => undefined).resume();
    this.status = new Promise((resolve) => {
      const tell = (headers: Record<string, unknown>): void => {
        if (headers['grpc-status'] !== undefined) resolve(Number(headers['grpc-status']));
      };
      this.stream.on('response', tell).on('trailers', tell);
    });
  }

  /** Announces a message of so many octets, and sends this much of it. */
  send(announced: number, octets: Uint8Array = new Uint8Array()): this {
    const head = Buffer.alloc(5);
    head.writeUInt32BE(announced, 1);
    this.stream.write(head);
    this.stream.write(octets);
    return this;
  }

  /** Ends the message. */
  end(): this {
    this.stream.end();
    return this;
  }

  cancel(): void {
    this.stream.destroy();
  }
}
