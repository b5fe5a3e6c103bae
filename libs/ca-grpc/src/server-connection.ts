import type { TLSSocket } from 'node:tls';
import { type ChannelOptions, type handleUnaryCall, Server, ServerCredentials } from '@grpc/grpc-js';
import { allowedCalls, type CaCaller, CaCallRefusedError, type CaPort, CaUnavailableError } from '@touchmark/ca-port';
import { answers, statusOf } from './answer-call.js';
import { callGate } from './call-gate.js';
import type { CallerShare } from './caller-share.js';
import type { CaCall } from './codec/calls.js';
import type { Message } from './codec/fields.js';
import { CaGrpcError } from './error.js';
import { callAt, MAX_MESSAGE_OCTETS, type ReceivedMessage, type ReceivingDefinition } from './service-definition.js';

export interface ServerConnectionPorts {
  readonly definition: ReceivingDefinition;
  /** Of whoever is at the other end, who remains the same for as long as the connection is open. */
  readonly share: CallerShare;
  /** Who is at the other end, now. Rejects with CaGrpcError where nobody is any more. */
  readonly judge: () => Promise<CaCaller>;
  readonly portFor: (caller: CaCaller) => CaPort;
  readonly onRefused: (error: CaGrpcError | CaCallRefusedError) => void;
  readonly onError: (error: unknown) => void;
}

const serverOptions: ChannelOptions = {
  'grpc.max_send_message_length': MAX_MESSAGE_OCTETS,
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.enable_channelz': 0,
};

/** As many calls are open as devices enrol at the same time. */
const MAX_STREAMS = 256;

/**
 * One connection of a caller. It has a gRPC server of its own, so that who calls is bound to the connection and is nothing that a
 * handler could look up wrongly.
 */
export class ServerConnection {
  private readonly ports: ServerConnectionPorts;
  private readonly socket: TLSSocket;
  private readonly server: Server;

  constructor(socket: TLSSocket, ports: ServerConnectionPorts) {
    this.socket = socket;
    this.ports = ports;
    const { messageOctets, calls } = ports.share.limits;
    const gate = callGate({
      admit: (path) => this.admit(path),
      lease: () => ports.share.call(),
      onRefused: (error) => this.report(error),
    });
    this.server = new Server({
      ...serverOptions,
      'grpc.max_receive_message_length': messageOctets,
      'grpc.max_concurrent_streams': Math.min(calls, MAX_STREAMS),
      interceptors: [gate],
    });
    this.server.addService(ports.definition, {
      issueCertificates: this.handler('issueCertificates'),
      changeStatus: this.handler('changeStatus'),
      confirmSeen: this.handler('confirmSeen'),
      openWarrants: this.handler('openWarrants'),
      renewOcspSigners: this.handler('renewOcspSigners'),
      renewServiceCertificates: this.handler('renewServiceCertificates'),
      describeAuthorities: this.handler('describeAuthorities'),
    } satisfies Record<CaCall, handleUnaryCall<ReceivedMessage, Message>>);
    // the TLS is ours already
    this.server.createConnectionInjector(ServerCredentials.createInsecure()).injectConnection(socket);
  }

  /** No more calls; those that are open end, then the connection does. */
  end(): void {
    this.server.tryShutdown(() => undefined);
  }

  destroy(): void {
    this.server.forceShutdown();
    this.socket.destroy();
  }

  private handler(call: CaCall): handleUnaryCall<ReceivedMessage, Message> {
    return ({ request: { message } }, reply) => {
      this.answer(call, message).then(
        (answer) => reply(null, answer),
        (error: unknown) => {
          reply(statusOf(error));
          this.report(error);
        },
      );
    };
  }

  private async admit(path: string): Promise<void> {
    const caller = await this.ports.judge();
    const call = callAt(this.ports.definition, path);
    if (!allowedCalls[caller].includes(call)) throw new CaCallRefusedError(caller, call);
  }

  private async answer(call: CaCall, message: Message): Promise<Message> {
    // again: the message may have come long after the headers
    const caller = await this.ports.judge();
    return answers[call](this.ports.portFor(caller), message);
  }

  private report(error: unknown): void {
    if (error instanceof CaGrpcError || error instanceof CaCallRefusedError) {
      this.ports.onRefused(error);
      if (error.code === 'CALLER_NOT_ACCEPTED') this.end();
    } else if (!(error instanceof CaUnavailableError)) {
      this.ports.onError(error);
    }
  }
}
