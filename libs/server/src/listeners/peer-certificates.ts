import type { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** Longer chains than ours ever are; bounds the walk, not a policy. */
const MAX_CHAIN = 8;

/**
 * The certificates that the client sent in its handshake, end entity first, as DER: unjudged. Empty without TLS,
 * without a client certificate, and for a resumed session whose certificate is gone: then nobody is there,
 * whatever `authorized` says. A resumed session has at most the end-entity certificate.
 */
export function peerCertificates(request: { readonly raw: IncomingMessage } | IncomingMessage): Uint8Array[] {
  return certificatesOfSocket('raw' in request ? request.raw.socket : request.socket);
}

/** The same, before there is a request. */
export function certificatesOfSocket(socket: Socket): Uint8Array[] {
  if (!(socket instanceof TLSSocket)) return [];
  const chain: Uint8Array[] = [];
  let certificate: X509Certificate | undefined = socket.getPeerX509Certificate();
  while (certificate && chain.length < MAX_CHAIN) {
    chain.push(new Uint8Array(certificate.raw));
    certificate = certificate.issuerCertificate;
  }
  return chain;
}
