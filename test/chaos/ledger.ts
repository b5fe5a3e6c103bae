import { deviceRefOf } from '@touchmark/ca-port';
import { parseSerialNumber } from '@touchmark/status-list';
import { makeTestRequest } from '@touchmark/testkit';
import type { AdminClient } from '../fixture/admin-client.js';
import type { BatchAnswer, BatchLine } from '../fixture/batch-client.js';

/** A batch of one factory with the requests of all its devices. */
export interface FactoryBatch {
  readonly id: string;
  readonly model: string;
  readonly lines: readonly BatchLine[];
}

/** What a factory holds in its hands for one device. */
export interface Received {
  readonly deviceRef: string;
  readonly deviceSerial: string;
  readonly certificate: Uint8Array;
  readonly listId: number;
  readonly index: number;
}

export interface Acknowledged extends Received {
  readonly epoch: number;
  readonly sequence: number;
}

/**
 * What the clients were told, over all lives of the service: what it must never take back. Every answer is checked against it
 * as it comes.
 */
export class Ledger {
  readonly received = new Map<string, Received>();
  /** Revocations that were asked for, whatever came back. */
  readonly asked = new Set<string>();
  readonly acknowledged = new Map<string, Acknowledged>();
  readonly violations: string[] = [];
  private readonly crlNumbers = new Map<number, bigint>();
  private journal = { epoch: 0, sequence: 0 };
  private waiting: (() => void)[] = [];

  /** Notes the answer to a line of a batch. `revokedBefore`: devices whose revocation was acknowledged before it was sent. */
  answer(batch: FactoryBatch, answer: BatchAnswer, revokedBefore: ReadonlySet<string>): void {
    const deviceRef = refOf(batch.model, answer.deviceSerial ?? '');
    const before = this.received.get(deviceRef);
    if ('error' in answer) {
      // a revoked device gets no certificate, not even its own; nothing else may be refused
      if (!this.asked.has(deviceRef)) this.violations.push(`${answer.deviceSerial}: ${answer.error.code}`);
      return;
    }
    if (revokedBefore.has(deviceRef))
      this.violations.push(`${answer.deviceSerial}: a certificate after its revocation`);
    const certificate = new Uint8Array(Buffer.from(answer.certificate, 'base64'));
    if (before) {
      if (Buffer.compare(before.certificate, certificate) !== 0)
        this.violations.push(`${answer.deviceSerial}: another certificate at the second time`);
      return;
    }
    const seat = parseSerialNumber(Buffer.from(answer.serialNumber, 'hex'));
    if (!seat) throw new Error(`${answer.serialNumber} has no seat`);
    const { listId, index } = seat;
    const { deviceSerial } = answer;
    this.received.set(deviceRef, { deviceRef, deviceSerial, certificate, listId, index });
    for (const wake of this.waiting.splice(0)) wake();
  }

  acknowledge(device: Received, position: { epoch: number; sequence: number }): void {
    this.acknowledged.set(device.deviceRef, { ...device, ...position });
    this.head(position);
  }

  /** A device to revoke, chosen by `random`, of those that nobody asked to revoke yet; waits until there is one or `lost`. */
  async choose(random: () => number, lost: Promise<unknown>): Promise<Received | undefined> {
    for (;;) {
      const free = [...this.received.values()].filter(({ deviceRef }) => !this.asked.has(deviceRef));
      const chosen = free[Math.floor(random() * free.length)];
      if (chosen) {
        this.asked.add(chosen.deviceRef);
        return chosen;
      }
      const more = new Promise<boolean>((resolve) => this.waiting.push(() => resolve(true)));
      if (!(await Promise.race([more, lost.then(() => false)]))) return undefined;
    }
  }

  /** What is still to be sent of a batch, and some of what was answered already, to be answered the same again. */
  toSend(batch: FactoryBatch, random: () => number, repeated: number): BatchLine[] {
    const isReceived = ({ deviceSerial }: BatchLine): boolean => this.received.has(refOf(batch.model, deviceSerial));
    const answered = batch.lines.filter(isReceived);
    const again = Array.from({ length: Math.min(repeated, answered.length) }, () =>
      answered.splice(Math.floor(random() * answered.length), 1),
    ).flat();
    return [...again, ...batch.lines.filter((line) => !isReceived(line))];
  }

  /** The journal's head, which never goes back. */
  head(position: { epoch: number; sequence: number }): void {
    const { epoch, sequence } = this.journal;
    if (position.epoch > epoch || (position.epoch === epoch && position.sequence >= sequence)) this.journal = position;
  }

  checkHead(position: { epoch: number; sequence: number }): void {
    const { epoch, sequence } = this.journal;
    if (position.epoch < epoch || (position.epoch === epoch && position.sequence < sequence))
      this.violations.push(`the journal went back from ${epoch}.${sequence} to ${position.epoch}.${position.sequence}`);
    this.head(position);
  }

  /** A list's CRL number, which never goes back. */
  crlNumber(listId: number, number: bigint): void {
    const before = this.crlNumbers.get(listId) ?? 0n;
    if (number < before) this.violations.push(`the CRL of list ${listId} went back from ${before} to ${number}`);
    this.crlNumbers.set(listId, number);
  }
}

const REALM = 'devices.local';

export const refOf = (model: string, deviceSerial: string): string =>
  deviceRefOf({ realm: REALM, model, deviceSerial });

/** Makes a factory with a model and a batch of so many devices, each with a key of its own. */
export async function makeFactoryBatch(admin: AdminClient, name: string, size: number): Promise<FactoryBatch> {
  const make = async (path: string, body: object): Promise<{ id: string }> => {
    const answer = await admin.post(path, body);
    if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  await make('/v1/factories', { name });
  await make('/v1/models', { name, organization: 'Acme', policies: ['default'] });
  const validUntil = Math.floor(Date.now() / 1000) + 86_400;
  const { id } = await make('/v1/batches', { factory: name, model: name, policy: 'default', size, validUntil });
  const lines = Array.from({ length: size }, (_, i) => ({
    deviceSerial: `${name}-${i}`,
    csr: makeTestRequest().der,
  }));
  return { id, model: name, lines };
}
