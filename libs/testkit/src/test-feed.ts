import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { Socket } from 'node:net';

import { Oid } from '@touchmark/der';
import { encodePem } from '@touchmark/x509';

import type { TestCertificate } from './test-pki.js';
import type { TestSigner, TestStatus } from './test-status.js';

/** One request of a follower, and the means to answer it in any way. */
export interface FeedExchange {
  readonly after: { readonly epoch: number; readonly sequence: number } | undefined;
  readonly wantsStream: boolean;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

type MessageType = 'snapshot' | 'batch' | 'head';

/** A responder's feed over real TLS that does what its script says; honest as long as nobody says otherwise. */
export class TestFeed {
  /** PEM for whoever follows: a gateway's certificate, and the infrastructure CA as the only anchor. */
  readonly tls: { readonly cert: string; readonly key: string; readonly ca: string };
  readonly url: string;
  /** Answers requests. */
  script: (exchange: FeedExchange) => void = (exchange) => this.answerHonestly(exchange);
  readonly requests: FeedExchange[] = [];
  /** Signers that are announced; the one of the status if empty. */
  signers: TestSigner[] = [];
  private readonly status: TestStatus;
  private readonly now: () => number;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private readonly streams = new Set<ServerResponse>();
  private waiting: ((exchange: FeedExchange) => void)[] = [];
  private snapshotMessage: { readonly epoch: number; readonly sequence: number; readonly message: Uint8Array };

  private constructor(status: TestStatus, now: () => number, server: Server) {
    this.status = status;
    this.now = now;
    this.server = server;
    const address = server.address();
    if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port');
    this.url = `https://localhost:${address.port}`;
    const gateway = status.issueInfrastructure('gateway/g-1');
    this.tls = { ...pemOf(gateway), ca: encodePem('CERTIFICATE', status.infrastructure.der) };
    this.snapshotMessage = this.makeSnapshot();
    server.on('connection', (socket) => {
      if (!(socket instanceof Socket)) return;
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
    server.on('request', (request, response) => this.take(request, response));
  }

  static async open(status: TestStatus, now: () => number): Promise<TestFeed> {
    const certificate = status.issueInfrastructure('service/responder', {
      subjectAltName: [{ kind: 'dNSName', value: 'localhost' }],
      extKeyUsage: [Oid.serverAuth],
      notAfter: 4_000_000_000,
    });
    const { cert, key } = pemOf(certificate);
    const chain = cert + encodePem('CERTIFICATE', status.infrastructure.der);
    const server = createServer({ cert: chain, key, requestCert: true, rejectUnauthorized: false });
    server.listen(0, 'localhost');
    await once(server, 'listening');
    return new TestFeed(status, now, server);
  }

  /** The next request that has not been made yet. */
  async nextRequest(): Promise<FeedExchange> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
    });
  }

  /** Makes a new snapshot, to be given to whoever lags. */
  makeSnapshot(): typeof this.snapshotMessage {
    const { epoch, sequence } = this.status;
    this.snapshotMessage = { epoch, sequence, message: this.status.snapshot(this.now()) };
    return this.snapshotMessage;
  }

  /** What an honest responder does. */
  answerHonestly(exchange: FeedExchange): void {
    const items = this.messagesFor(exchange.after);
    if (exchange.wantsStream) {
      this.openStream(exchange.response);
      for (const signer of this.announced()) exchange.response.write(signerEvent(signer));
      for (const [type, message] of items) exchange.response.write(event(type, message));
    } else {
      const signers = this.announced().map(({ certificate, issuerCertificate }) => [
        base64(certificate),
        base64(issuerCertificate),
      ]);
      const body = JSON.stringify({ signers, messages: items.map(([, message]) => base64(message)) });
      exchange.response.writeHead(200, { 'content-type': 'application/json' }).end(body);
    }
  }

  /** Begins a stream to which `send` and `sendRaw` write. */
  openStream(response: ServerResponse, contentType = 'text/event-stream'): void {
    response.writeHead(200, { 'content-type': contentType });
    response.flushHeaders();
    this.streams.add(response);
    response.once('close', () => this.streams.delete(response));
  }

  send(type: MessageType, message: Uint8Array): void {
    this.sendRaw(event(type, message));
  }

  sendSigner(signer: TestSigner): void {
    this.sendRaw(signerEvent(signer));
  }

  /** A head of now. */
  sendHead(): void {
    this.send('head', this.status.head(this.now()));
  }

  sendRaw(text: string): void {
    for (const stream of this.streams) stream.write(text);
  }

  /** Resets every connection. */
  cut(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.cut();
    await closed;
  }

  private announced(): readonly TestSigner[] {
    return this.signers.length > 0 ? this.signers : [this.status.signer];
  }

  private messagesFor(after: FeedExchange['after']): readonly (readonly [MessageType, Uint8Array])[] {
    const { epoch, batches } = this.status;
    const resumes = after !== undefined && after.epoch === epoch && after.sequence <= this.status.sequence;
    const known = resumes ? after.sequence : this.snapshotMessage.sequence;
    if (this.snapshotMessage.epoch !== epoch) this.makeSnapshot();
    return [
      ...(resumes ? [] : ([['snapshot', this.snapshotMessage.message]] as const)),
      ...batches.filter(({ first }) => first > known).map(({ message }) => ['batch', message] as const),
      ['head', this.status.head(this.now())],
    ];
  }

  private take(request: IncomingMessage, response: ServerResponse): void {
    const { searchParams } = new URL(request.url ?? '/', this.url);
    const after = searchParams.has('after')
      ? { epoch: Number(searchParams.get('epoch')), sequence: Number(searchParams.get('after')) }
      : undefined;
    const exchange = { after, wantsStream: request.headers.accept === 'text/event-stream', request, response };
    this.requests.push(exchange);
    response.on('error', () => undefined);
    this.script(exchange);
    for (const resolve of this.waiting.splice(0)) resolve(exchange);
  }
}

/** One event of the stream, as it goes over the wire. */
function event(type: string, message: Uint8Array): string {
  return `event: ${type}\nid: 1.1\ndata: ${base64(message)}\n\n`;
}

function signerEvent({ certificate, issuerCertificate }: TestSigner): string {
  return `event: signer\ndata: ${base64(certificate)} ${base64(issuerCertificate)}\n\n`;
}

function base64(octets: Uint8Array): string {
  return Buffer.from(octets).toString('base64');
}

function pemOf({ der, key }: TestCertificate): { cert: string; key: string } {
  return {
    cert: encodePem('CERTIFICATE', der),
    key: key.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  };
}
