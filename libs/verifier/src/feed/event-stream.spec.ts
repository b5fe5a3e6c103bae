import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { EventStreamReader, MAX_EVENT_OCTETS, type StreamEvent } from './event-stream.js';

function read(text: string, cuts: readonly number[] = []): StreamEvent[] {
  const reader = new EventStreamReader();
  const octets = Buffer.from(text, 'latin1');
  const ends = [...cuts.filter((cut) => cut <= octets.length).toSorted((a, b) => a - b), octets.length];
  let from = 0;
  return ends.flatMap((end) => {
    const events = [...reader.read(octets.subarray(from, end))];
    from = end;
    return events;
  });
}

const head = { type: 'head', data: 'QQ==' };

describe('EventStreamReader', () => {
  it.each([
    ['LF', 'event: head\nid: 1.2\ndata: QQ==\n\n'],
    ['CR LF', 'event: head\r\nid: 1.2\r\ndata: QQ==\r\n\r\n'],
    ['CR', 'event: head\rid: 1.2\rdata: QQ==\r\r'],
    [
      'no spaces, a comment, retry and a field that nobody knows',
      ':hello\nretry: 1\nevent:head\ndata:QQ==\nnew: x\nbare\n\n',
    ],
  ])('reads an event with %s, cut anywhere', (_name, text) => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: text.length })), (cuts) => {
        expect(read(text.repeat(2), cuts)).toEqual([head, head]);
      }),
    );
  });

  it('leaves out what the last blank line is missing of, and events without data', () => {
    expect(read('event: head\ndata: QQ==\n\nevent: head\ndata: QQ==\n')).toEqual([head]);
    expect(read('event: head\n\n\n\ndata: QQ==\n\n')).toEqual([{ type: '', data: 'QQ==' }]);
  });

  it.each([
    ['two data lines', 'data: a\ndata: b\n', 'FEED_MALFORMED'],
    ['a long event name', `event: ${'x'.repeat(65)}\n`, 'FEED_TOO_LARGE'],
    ['a line beyond the limit', 'x'.repeat(MAX_EVENT_OCTETS + 1), 'FEED_TOO_LARGE'],
    ['many lines beyond the limit', `:${'x'.repeat(1023)}\n`.repeat(MAX_EVENT_OCTETS / 1024 + 1), 'FEED_TOO_LARGE'],
  ])('refuses %s', (_name, text, code) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code }));
  });

  it('never throws anything else, whatever the octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
        expect(['FeedError', undefined]).toContain(nameOfErrorIn(octets));
      }),
    );
  });
});

/** Name of the error that reading these octets throws. */
function nameOfErrorIn(octets: Uint8Array): string | undefined {
  try {
    return [...new EventStreamReader().read(Buffer.from(octets))].length > octets.length ? 'invented' : undefined;
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}
