import { request } from 'node:https';

/** Just enough of a client of the JSON API to set a bench up. */
export class AdminClient {
  private readonly port: number;
  private readonly ca: string;
  private readonly token: string;

  constructor(port: number, ca: string, token: string) {
    this.port = port;
    this.ca = ca;
    this.token = token;
  }

  /** The id of a new batch of the demo model. */
  async newBatch(size: number): Promise<string> {
    const validUntil = Math.floor(Date.now() / 1000) + 86_400;
    const batch = { factory: 'demo-factory', model: 'demo-sensor', policy: 'default', size, validUntil };
    const { id }: { id: string } = JSON.parse(await this.post('/v1/batches', JSON.stringify(batch)));
    return id;
  }

  /** Resolves once the revocation is durable. */
  async revoke(deviceRef: string): Promise<void> {
    await this.post(`/v1/devices/${deviceRef}/revocation`, '{}');
  }

  private post(path: string, body: string): Promise<string> {
    const { port, ca, token } = this;
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
    return new Promise((resolve, reject) => {
      const outgoing = request({ host: 'localhost', port, path, method: 'POST', ca, headers }, (answer) => {
        let text = '';
        answer.on('data', (octets: Buffer) => (text += octets.toString()));
        answer.once('end', () =>
          answer.statusCode === 200 || answer.statusCode === 201 ? resolve(text) : reject(new Error(text)),
        );
      });
      outgoing.once('error', reject);
      outgoing.end(body);
    });
  }
}
