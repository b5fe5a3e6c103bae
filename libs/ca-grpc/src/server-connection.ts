import type { TLSSocket } from 'node:tls';
import { type ChannelOptions, type handleUnaryCall, Server, ServerCredentials } from '@grpc/grpc-js';
import { allowedCalls, type CaCaller, CaCallRefusedError, type CaPort, CaUnavailableError } from '@touchmark/ca-port';
import { answers, statusOf } from './answer-call.js';
import type { CaCall } from './codec/calls.js';
import type { Message } from './codec/fields.js';
import { CaGrpcError } from './error.js';
import { type CaServiceDefinition, MAX_MESSAGE_OCTETS } from './service-definition.js';

export interface ServerConnectionPorts {
  readonly definition: CaServiceDefinition;
  /** Who is at the other end, now. Rejects with CaGrpcError where nobody is any more. */
  readonly judge: () => Promise<CaCaller>;
  readonly portFor: (caller: CaCaller) => CaPort;
  readonly onRefused: (error: CaGrpcError | CaCallRefusedError) => void;
  readonly onError: (error: unknown) => void;
}

const serverOptions: ChannelOptions = {
  'grpc.max_receive_message_length': MAX_MESSAGE_OCTETS,
  'grpc.max_send_message_length': MAX_MESSAGE_OCTETS,
  // enrollment has as many calls open as devices enrol at the same time
  'grpc.max_concurrent_streams': 256,
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.enable_channelz': 0,
};

/**
 * One connection of a caller. It has a gRPC server of its own, so that who calls is bound to the connection and is nothing that a
 * handler could look up wrongly.
 */
export class ServerConnection {
  private readonly ports: ServerConnectionPorts;
  private readonly socket: TLSSocket;
  private readonly server = new Server(serverOptions);

  constructor(socket: TLSSocket, ports: ServerConnectionPorts) {
    this.socket = socket;
    this.ports = ports;
    this.server.addService(ports.definition, {
      issueCertificates: this.handler('issueCertificates'),
      changeStatus: this.handler('changeStatus'),
      confirmSeen: this.handler('confirmSeen'),
      openWarrants: this.handler('openWarrants'),
      renewOcspSigners: this.handler('renewOcspSigners'),
      renewServiceCertificates: this.handler('renewServiceCertificates'),
      describeAuthorities: this.handler('describeAuthorities'),
    } satisfies Record<CaCall, handleUnaryCall<Message, Message>>);
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

  private handler(call: CaCall): handleUnaryCall<Message, Message> {
    return ({ request }, reply) => {
      this.answer(call, request).then(
        (message) => reply(null, message),
        (error: unknown) => {
          reply(statusOf(error));
          this.report(error);
        },
      );
    };
  }

  private async answer(call: CaCall, message: Message): Promise<Message> {
    const caller = await this.ports.judge();
    if (!allowedCalls[caller].includes(call)) throw new CaCallRefusedError(caller, call);
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
