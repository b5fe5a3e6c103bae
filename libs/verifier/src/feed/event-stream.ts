import { FeedError } from '../feed-error.js';

/** Octets of one event at most, its data in base64: room for a message of 16 MiB. */
export const MAX_EVENT_OCTETS = 24 * 2 ** 20;
const MAX_NAME_OCTETS = 64;

const CR = 0x0d;
const LF = 0x0a;

export interface StreamEvent {
  readonly type: string;
  readonly data: string;
}

/**
 * Reads `text/event-stream` (WHATWG HTML section 9.2) from chunks that are cut anywhere. Stricter than browsers where it keeps memory
 * bounded: an event has one data line at most, and ASCII only; fields other than event and data are passed over. What comes after
 * the last blank line was cut off and is no event.
 */
export class EventStreamReader {
  private line: Buffer[] = [];
  private lineOctets = 0;
  private eventOctets = 0;
  private afterCr = false;
  private type = '';
  private data: string | undefined;

  /** Events that are complete now. Throws FeedError FEED_TOO_LARGE, FEED_MALFORMED. */
  *read(chunk: Buffer): Generator<StreamEvent, void, undefined> {
    let from = 0;
    // CR LF is one end of line, also where a chunk ends between the two.
    if (this.afterCr && chunk.length > 0) {
      if (chunk[0] === LF) from = 1;
      this.afterCr = false;
    }
    const lf = new Search(chunk, LF);
    const cr = new Search(chunk, CR);
    while (from < chunk.length) {
      const end = Math.min(lf.from(from), cr.from(from));
      if (end === chunk.length) {
        this.keep(chunk.subarray(from));
        return;
      }
      this.keep(chunk.subarray(from, end));
      from = end + 1;
      if (chunk[end] === CR) {
        if (from === chunk.length) this.afterCr = true;
        else if (chunk[from] === LF) from += 1;
      }
      const event = this.endLine();
      if (event !== undefined) yield event;
    }
  }

  private keep(octets: Buffer): void {
    this.lineOctets += octets.length;
    this.eventOctets += octets.length;
    if (this.eventOctets > MAX_EVENT_OCTETS) throw new FeedError('FEED_TOO_LARGE');
    // A copy: a slow drip of single octets must not hold a chunk each.
    if (octets.length > 0) this.line.push(octets.length < 1024 ? Buffer.from(octets) : octets);
    if (this.line.length > 1024) this.line = [Buffer.concat(this.line)];
  }

  private endLine(): StreamEvent | undefined {
    const line = this.line.length === 1 ? this.line[0] : Buffer.concat(this.line);
    const text = (line ?? Buffer.alloc(0)).toString('latin1');
    const isBlank = this.lineOctets === 0;
    this.line = [];
    this.lineOctets = 0;
    if (isBlank) return this.endEvent();
    this.field(text);
    return undefined;
  }

  private field(line: string): void {
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    if (name === 'event') {
      this.type = valueOf(line, colon);
      if (this.type.length > MAX_NAME_OCTETS) throw new FeedError('FEED_TOO_LARGE');
    } else if (name === 'data') {
      if (this.data !== undefined) throw new FeedError('FEED_MALFORMED');
      this.data = valueOf(line, colon);
    }
  }

  private endEvent(): StreamEvent | undefined {
    const { type, data } = this;
    this.type = '';
    this.data = undefined;
    this.eventOctets = 0;
    return data === undefined ? undefined : { type, data };
  }
}

/** Finds an octet, the end of the chunk if there is none; goes through the chunk once, however often it is asked. */
class Search {
  private readonly chunk: Buffer;
  private readonly octet: number;
  private found = -1;

  constructor(chunk: Buffer, octet: number) {
    this.chunk = chunk;
    this.octet = octet;
  }

  from(at: number): number {
    if (this.found >= at) return this.found;
    const found = this.chunk.indexOf(this.octet, at);
    this.found = found < 0 ? this.chunk.length : found;
    return this.found;
  }
}

function valueOf(line: string, colon: number): string {
  if (colon < 0) return '';
  return line.slice(line.charAt(colon + 1) === ' ' ? colon + 2 : colon + 1);
}
