import { CliError } from '../cli-error.js';
import type { BatchRequest } from './input.js';
import type { Issued, IssuedCheck } from './issued-check.js';
import type { BatchResult } from './results-file.js';

/** A line on its way: with the text to send, or refused here already. */
interface Entry {
  readonly request: BatchRequest;
  readonly text: string | undefined;
}

const LINE_OCTETS = 16_384;

/** Lines that were taken and not answered, in order; results come out in the same order. */
export class Window {
  private readonly entries: Entry[] = [];
  private readonly settle: (result: BatchResult) => void;
  private readonly check: Pick<IssuedCheck, 'faultOf'>;
  private roomMade = Promise.withResolvers<void>();
  private readonly limit: number;

  constructor(limit: number, check: Pick<IssuedCheck, 'faultOf'>, settle: (result: BatchResult) => void) {
    this.limit = limit;
    this.check = check;
    this.settle = settle;
  }

  /** What a new connection has to send again. */
  get texts(): string[] {
    return this.entries.flatMap(({ text }) => (text === undefined ? [] : [text]));
  }

  get isEmpty(): boolean {
    return this.entries.length === 0;
  }

  /** Undefined when there is room; a promise of it otherwise. */
  full(): Promise<void> | undefined {
    return this.entries.length < this.limit ? undefined : this.roomMade.promise;
  }

  /** Takes a line; the text to send, unless it is refused here. */
  take(request: BatchRequest): string | undefined {
    const { deviceSerial, csr } = request;
    const text = csr === undefined ? undefined : `${JSON.stringify({ deviceSerial, csr })}\n`;
    const isShort = text !== undefined && Buffer.byteLength(text) <= LINE_OCTETS;
    this.entries.push({ request, text: isShort ? text : undefined });
    this.settleRefused();
    return isShort ? text : undefined;
  }

  /** The answer to the first line that was sent; false where it is for another device. Throws CERTIFICATE_NOT_TRUSTED, and settles nothing. */
  answer(deviceSerial: string | null, outcome: Answered): boolean {
    const entry = this.entries[0];
    if (!entry || entry.request.deviceSerial !== deviceSerial) return false;
    const { line, csr } = entry.request;
    const fault = 'error' in outcome ? undefined : this.check.faultOf(csr, outcome);
    if (fault !== undefined) throw notTrusted(line, deviceSerial, fault);
    this.entries.shift();
    this.settle(
      'error' in outcome
        ? { line, deviceSerial, error: outcome.error }
        : { line, deviceSerial, serialNumber: outcome.serialNumber, certificate: outcome.certificate },
    );
    this.settleRefused();
    this.roomMade.resolve();
    this.roomMade = Promise.withResolvers();
    return true;
  }

  private settleRefused(): void {
    for (let entry = this.entries[0]; entry && entry.text === undefined; entry = this.entries[0]) {
      this.entries.shift();
      const { line, deviceSerial, fault } = entry.request;
      const error = fault ?? { code: 'LINE_TOO_LONG', detail: `the request is longer than ${LINE_OCTETS} octets` };
      this.settle({ line, deviceSerial, error });
    }
  }
}

function notTrusted(line: number, deviceSerial: string | null, fault: string): CliError {
  const where = `line ${line} (${deviceSerial ?? 'no serial'})`;
  const hint = 'The line has no result. Check --ca and --url; if they are right, tell the operator of the service.';
  return new CliError('CERTIFICATE_NOT_TRUSTED', `the answer to ${where} is not to be trusted: ${fault}`, { hint });
}

export type Answered = Issued | { readonly error: { readonly code: string; readonly detail: string } };
