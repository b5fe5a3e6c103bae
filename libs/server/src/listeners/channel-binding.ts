import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';

const EXPORTER_LABEL = 'EXPORTER-Channel-Binding';
const EXPORTER_OCTETS = 32;

/**
 * What ties a request to its TLS connection: `tls-exporter` (RFC 9266) on TLS 1.3, `tls-unique` (RFC 5929: the client's
 * Finished of a full handshake) on TLS 1.2. Undefined where there is none that can be relied on: without TLS, and on a resumed
 * TLS 1.2 session, whose first Finished is our own and may be shared with another connection (RFC 7627).
 */
export function channelBinding(request: { readonly raw: IncomingMessage }): Uint8Array | undefined {
  const { socket } = request.raw;
  if (!(socket instanceof TLSSocket)) return undefined;
  if (socket.getProtocol() === 'TLSv1.3')
    return socket.exportKeyingMaterial(EXPORTER_OCTETS, EXPORTER_LABEL, Buffer.alloc(0));
  return socket.isSessionReused() ? undefined : socket.getPeerFinished();
}
