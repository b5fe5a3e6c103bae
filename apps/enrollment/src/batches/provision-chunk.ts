import { type CaPort, deviceRefOf, type IssueOutcome, type IssueRequest } from '@touchmark/ca-port';
import { toHex } from '@touchmark/der';
import type { BatchView, RefusalRecord } from '@touchmark/store';
import type { z } from 'zod';
import type { ProvisionedDevice } from '../projection/project-provisioned.js';
import type { NumberedLine } from './line-splitter.js';
import { type ParsedLine, parseProvisionLine, type ProvisionAnswer } from './provision-line.js';

export type LineAnswer = Exclude<z.infer<typeof ProvisionAnswer>, { done: true }>;

/** Writes what became of a chunk into the registry, in one transaction. */
export interface ProvisioningRecord {
  write(provisioned: readonly ProvisionedDevice[], refusals: readonly RefusalRecord[], actor: string): Promise<void>;
}

/** Provisions the devices of some lines of a batch, with one call to the CA and one transaction of ours. */
export class ProvisionChunk {
  private readonly ca: Pick<CaPort, 'issueCertificates'>;
  private readonly record: ProvisioningRecord;

  constructor(ca: Pick<CaPort, 'issueCertificates'>, record: ProvisioningRecord) {
    this.ca = ca;
    this.record = record;
  }

  /** An answer for each line, in order. Rejects where the CA or the database is away: then nothing may be answered. */
  async run(batch: BatchView, lines: readonly NumberedLine[], actor: string): Promise<LineAnswer[]> {
    const parsed = lines.map(({ text }) => parseProvisionLine(text));
    const outcomes = await this.issue(batch, parsed);
    const judged = lines.map(({ line }, place) => judge(line, parsed[place], outcomes[place]));
    await this.record.write(
      judged.flatMap(({ outcome }) => (outcome?.ok ? [provisioned(batch, outcome)] : [])),
      judged.flatMap(({ answer }) => ('error' in answer ? [refusal(batch, answer, actor)] : [])),
      actor,
    );
    return judged.map(({ answer }) => answer);
  }

  /** The CA's word on each line that is a request; undefined for the others. */
  private async issue(batch: BatchView, parsed: readonly ParsedLine[]): Promise<(IssueOutcome | undefined)[]> {
    const requests = parsed.flatMap((line) => (line.ok ? [requestOf(batch, line)] : []));
    const answered = requests.length === 0 ? [] : await this.ca.issueCertificates(requests);
    if (answered.length !== requests.length) throw new TypeError('the CA answered another number of items than asked');
    let next = 0;
    return parsed.map((line) => (line.ok ? answered[next++] : undefined));
  }
}

type IssuedLine = Extract<IssueOutcome, { ok: true }> & { readonly deviceSerial: string };

function requestOf(batch: BatchView, line: Extract<ParsedLine, { ok: true }>): IssueRequest {
  const { realm, model, hwType, organization } = batch;
  return {
    identity: { realm, model, deviceSerial: line.deviceSerial },
    profile: 'idevid',
    hardware: { hwType, organization },
    csr: line.csr,
    evidence: { kind: 'warrant', warrantId: batch.id },
    terms: { policy: batch.policyId },
  };
}

function judge(
  line: number,
  parsed: ParsedLine | undefined,
  outcome: IssueOutcome | undefined,
): { answer: LineAnswer; outcome?: IssuedLine } {
  if (!parsed) throw new TypeError('a line was lost');
  const { deviceSerial } = parsed;
  if (!parsed.ok) return { answer: { line, deviceSerial, error: { code: parsed.code, detail: parsed.detail } } };
  if (!outcome) throw new TypeError('an answer was lost');
  if (!outcome.ok) return { answer: { line, deviceSerial, error: { code: outcome.code, detail: outcome.detail } } };
  const { buffer, byteOffset, byteLength } = outcome.certificate;
  return {
    answer: {
      line,
      deviceSerial: parsed.deviceSerial,
      certificate: Buffer.from(buffer, byteOffset, byteLength).toString('base64'),
      serialNumber: toHex(outcome.serialNumber),
    },
    outcome: { ...outcome, deviceSerial: parsed.deviceSerial },
  };
}

function provisioned(
  { id, policyId, realm, model }: BatchView,
  { deviceRef, generation, repeated, deviceSerial }: IssuedLine,
): ProvisionedDevice {
  return { realm, model, deviceSerial, deviceRef, generation, repeated, batchId: id, policyId };
}

function refusal(
  { id, realm, model }: BatchView,
  { deviceSerial, error: { code, detail } }: Extract<LineAnswer, { error: object }>,
  source: string,
): RefusalRecord {
  const named = deviceSerial !== null && code !== 'LINE_MALFORMED' && code !== 'DEVICE_SERIAL_INVALID';
  const deviceRef = named ? deviceRefOf({ realm, model, deviceSerial }) : null;
  return { channel: 'batch', code, detail, deviceRef, deviceSerial, batchId: id, source };
}
