import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';
import type { TlsCredentials } from '@touchmark/credentials';

export interface ServiceAnswer {
  readonly status: number;
  /** Undefined where it is no JSON object. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

const TIMEOUT = 10_000;
const MAX_ANSWER = 262_144;

/** JSON over TLS to the service, with the gateway's own certificate; the infrastructure CA is all that is trusted there. */
export class ServiceClient {
  private readonly url: string;
  private agent: Agent;

  /** `url`: `https://host:port` of the service's device port. */
  constructor(url: string, tls: TlsCredentials) {
    this.url = url.replace(/\/$/, '');
    this.agent = agentFor(tls);
  }

  /** Goes on with a renewed certificate. */
  setTls(tls: TlsCredentials): void {
    this.agent = agentFor(tls);
  }

  /** Rejects where no whole answer comes. */
  post(path: string, body: unknown): Promise<ServiceAnswer> {
    const octets = Buffer.from(JSON.stringify(body));
    const { promise, resolve, reject } = Promise.withResolvers<ServiceAnswer>();
    const outgoing = request(
      `${this.url}${path}`,
      {
        method: 'POST',
        agent: this.agent,
        headers: { 'Content-Type': 'application/json', 'Content-Length': octets.length },
        signal: AbortSignal.timeout(TIMEOUT),
      },
      (response) => {
        let length = 0;
        response.on('data', (chunk: Buffer) => {
          length += chunk.length;
          if (length > MAX_ANSWER) response.destroy(new Error('the answer of the service is too long'));
        });
        text(response).then(
          (answer) => resolve({ status: response.statusCode ?? 0, body: parseObject(answer) }),
          reject,
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(octets);
    return promise;
  }

  close(): void {
    this.agent.destroy();
  }
}

const agentFor = (tls: TlsCredentials): Agent =>
  new Agent({
    ...tls,
    keepAlive: true,
    maxSockets: 4,
    minVersion: 'TLSv1.2',
    allowPartialTrustChain: true,
    // NODE_TLS_REJECT_UNAUTHORIZED has no say here
    rejectUnauthorized: true,
  });

function parseObject(answer: string): ServiceAnswer['body'] {
  try {
    const value: unknown = JSON.parse(answer);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
