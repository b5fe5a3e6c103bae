import { createSecureContext } from 'node:tls';
import { ChannelCredentials, type ChannelOptions, Client } from '@grpc/grpc-js';
import {
  type AuthorityDescription,
  CaCallRefusedError,
  type CaCaller,
  type CaPort,
  type IssueOutcome,
  type IssueRequest,
  type OcspSignerOutcome,
  type OcspSignerRequest,
  type ServiceRenewalOutcome,
  type ServiceRenewalRequest,
  type Sighting,
  type SightingOutcome,
  type StatusChange,
  type StatusOutcome,
  type WarrantOutcome,
  type WarrantRequest,
} from '@touchmark/ca-port';
import { errorOf } from './answer-call.js';
import { authoritiesCodec, type BatchCodec, batches, type CaCall } from './codec/calls.js';
import { malformed, type Message } from './codec/fields.js';
import { certificatesOf, type GrpcCredentials } from './credentials.js';
import { JudgedCredentials } from './judged-credentials.js';
import { ServerJudge, type ServerStatus } from './server-judge.js';
import { type CaServiceDefinition, loadServiceDefinition, MAX_MESSAGE_OCTETS } from './service-definition.js';

export interface ConnectCaPortOptions {
  /** `https://<host>:<port>`; 7443 where no port is named. */
  readonly url: string;
  /** As whom we call: what the certificate says. */
  readonly caller: CaCaller;
  /** Our service certificate. A new one opens a new connection; calls that are open end on the old one. */
  readonly credentials: GrpcCredentials;
  /** SPIFFE trust domain of the CA. */
  readonly realm: string;
  /**
   * Status of the server's certificate, from what the process knows without the CA. What is not `valid`, or cannot be read, is
   * not called; it is asked again with each attempt to connect, and for connections that are open with the first call of each second.
   */
  readonly statusOf: ServerStatus;
  /** UTC seconds. */
  readonly now: () => number;
  /** Milliseconds within which a call is answered, and `statusOf`. */
  readonly deadlines?: { readonly issue?: number; readonly other?: number; readonly status?: number };
}

const DEFAULT_PORT = '7443';
const ISSUE_MILLISECONDS = 30_000;
const OTHER_MILLISECONDS = 10_000;
const STATUS_MILLISECONDS = 5_000;

const channelOptions: ChannelOptions = {
  'grpc.max_receive_message_length': MAX_MESSAGE_OCTETS,
  'grpc.max_send_message_length': MAX_MESSAGE_OCTETS,
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.min_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2_000,
  // no answer of a name server and no variable of the environment says how the CA is reached
  'grpc.service_config_disable_resolution': 1,
  'grpc.enable_http_proxy': 0,
  // the server is known by its URI; an address would be no server name (RFC 6066)
  'grpc.ssl_target_name_override': 'ca',
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_channelz': 0,
};

/** A connection with one certificate, and how many calls are open on it. */
interface Channel {
  readonly client: Client;
  readonly credentials: JudgedCredentials;
  calls: number;
}

/**
 * The CA port over gRPC. Connects when it is first asked, and again by itself. Rejects with CaUnavailableError where the outcome is
 * open, CaCallRefusedError, or CaGrpcError.
 */
export class CaPortClient implements CaPort {
  private readonly options: ConnectCaPortOptions;
  private readonly target: string;
  private readonly definition: CaServiceDefinition = loadServiceDefinition();
  private readonly stopListening: () => void;
  private channel: Channel;

  constructor(options: ConnectCaPortOptions) {
    this.options = options;
    this.target = targetOf(options.url);
    this.channel = this.open();
    this.stopListening = options.credentials.onChange(() => this.reopen());
  }

  issueCertificates(requests: readonly IssueRequest[]): Promise<IssueOutcome[]> {
    return this.batch('issueCertificates', batches.issueCertificates, requests);
  }

  changeStatus(changes: readonly StatusChange[]): Promise<StatusOutcome[]> {
    return this.batch('changeStatus', batches.changeStatus, changes);
  }

  confirmSeen(sightings: readonly Sighting[]): Promise<SightingOutcome[]> {
    return this.batch('confirmSeen', batches.confirmSeen, sightings);
  }

  openWarrants(warrants: readonly WarrantRequest[]): Promise<WarrantOutcome[]> {
    return this.batch('openWarrants', batches.openWarrants, warrants);
  }

  renewOcspSigners(requests: readonly OcspSignerRequest[]): Promise<OcspSignerOutcome[]> {
    return this.batch('renewOcspSigners', batches.renewOcspSigners, requests);
  }

  renewServiceCertificates(requests: readonly ServiceRenewalRequest[]): Promise<ServiceRenewalOutcome[]> {
    return this.batch('renewServiceCertificates', batches.renewServiceCertificates, requests);
  }

  async describeAuthorities(): Promise<AuthorityDescription[]> {
    return authoritiesCodec.decode(await this.call('describeAuthorities', {}));
  }

  /** Calls that are open end; later ones fail. */
  close(): void {
    this.stopListening();
    this.channel.client.close();
  }

  private async batch<Request, Outcome>(
    call: CaCall,
    codec: BatchCodec<Request, Outcome>,
    requests: readonly Request[],
  ): Promise<Outcome[]> {
    const outcomes = codec.outcomes.decode(await this.call(call, codec.requests.encode(requests)));
    if (outcomes.length !== requests.length) throw malformed('outcomes');
    return outcomes;
  }

  private async call(call: CaCall, message: Message): Promise<Message> {
    const channel = await this.take();
    try {
      return await this.send(channel.client, call, message);
    } finally {
      channel.calls--;
      this.closeIfReplaced(channel);
    }
  }

  /** The present channel, counted, once the servers that it is connected to were judged in this second. */
  private async take(): Promise<Channel> {
    for (;;) {
      const { channel } = this;
      const held = await channel.credentials.hold();
      if (channel !== this.channel) continue;
      if (held) {
        channel.calls++;
        return channel;
      }
      this.reopen();
    }
  }

  private send(client: Client, call: CaCall, message: Message): Promise<Message> {
    const { path, requestSerialize, responseDeserialize } = this.definition[call];
    const { deadlines = {}, caller } = this.options;
    const { issue = ISSUE_MILLISECONDS, other = OTHER_MILLISECONDS } = deadlines;
    return new Promise((resolve, reject) => {
      const sent = client.makeUnaryRequest(path, requestSerialize, responseDeserialize, message, (error, answer) => {
        clearTimeout(deadline);
        if (error !== null) reject(errorOf(error, () => new CaCallRefusedError(caller, call)));
        else if (answer === undefined) reject(malformed(call));
        else resolve(answer);
      });
      // a timer instead of a point in time: it does not care about a clock that is set
      const deadline = setTimeout(() => sent.cancel(), call === 'issueCertificates' ? issue : other);
    });
  }

  private reopen(): void {
    const old = this.channel;
    this.channel = this.open();
    this.closeIfReplaced(old);
  }

  private closeIfReplaced(channel: Channel): void {
    if (channel !== this.channel && channel.calls === 0) channel.client.close();
  }

  private open(): Channel {
    const { credentials, realm, statusOf, now, deadlines = {} } = this.options;
    const { key, cert, ca } = credentials.tls();
    const secureContext = createSecureContext({ key, cert, ca, minVersion: 'TLSv1.2', allowPartialTrustChain: true });
    const patience = deadlines.status ?? STATUS_MILLISECONDS;
    const server = new ServerJudge({ anchors: certificatesOf(ca), realm, statusOf, patience, now });
    const tls = ChannelCredentials.createFromSecureContext(secureContext, {
      checkServerIdentity: (_host, { raw }) => server.check(raw),
    });
    const judged = new JudgedCredentials(tls, server);
    return { client: new Client(this.target, judged, channelOptions), credentials: judged, calls: 0 };
  }
}

export function connectCaPort(options: ConnectCaPortOptions): CaPortClient {
  return new CaPortClient(options);
}

function targetOf(url: string): string {
  const { protocol, hostname, port, pathname, search, username } = new URL(url);
  const plain = pathname === '/' && search === '' && username === '';
  if (protocol !== 'https:' || hostname === '' || !plain) throw new TypeError('not an https URL of host and port');
  return `dns:${hostname}:${port === '' ? DEFAULT_PORT : port}`;
}
