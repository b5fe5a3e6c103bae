import { describe, expect, it } from 'vitest';
import type { NumberedLine } from './line-splitter.js';
import type { LineAnswer } from './provision-chunk.js';
import { ProvisionStream, type StreamLimits } from './provision-stream.js';

const limits: StreamLimits = { window: 8, chunk: 4, concurrency: 2, lineLimit: 64 };

const answerOf = ({ line, text }: NumberedLine): LineAnswer => {
  const deviceSerial = Buffer.from(text).toString();
  return deviceSerial === 'bad'
    ? { line, deviceSerial, error: { code: 'LINE_MALFORMED', detail: '' } }
    : { line, deviceSerial, certificate: '', serialNumber: '' };
};

/** A CA that answers a chunk only when the test says so. */
class HeldCa {
  readonly chunks: { lines: readonly NumberedLine[]; answer(): void; fail(error: Error): void }[] = [];

  readonly provision = (lines: readonly NumberedLine[]): Promise<LineAnswer[]> => {
    const { promise, resolve, reject } = Promise.withResolvers<LineAnswer[]>();
    this.chunks.push({ lines, answer: () => resolve(lines.map(answerOf)), fail: reject });
    return promise;
  };
}

const answering = async (lines: readonly NumberedLine[]): Promise<LineAnswer[]> => lines.map(answerOf);

class Sink {
  readonly written: { line?: number }[] = [];
  gate: Promise<void> = Promise.resolve();

  async write(text: string): Promise<void> {
    await this.gate;
    for (const line of text.trimEnd().split('\n')) this.written.push(JSON.parse(line));
  }

  get lines(): number[] {
    return this.written.flatMap((one) => one.line ?? []);
  }
}

/** A client that counts how many lines were taken from it. */
function client(lines: readonly string[]): AsyncIterable<Uint8Array> & { taken: number } {
  return {
    taken: 0,
    async *[Symbol.asyncIterator]() {
      for (const line of lines) {
        this.taken += 1;
        yield Buffer.from(`${line}\n`);
      }
    },
  };
}

/** A client that says one line and nothing more. */
async function* silent(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('a\n');
  await Promise.withResolvers<never>().promise;
}

/** A client that breaks off. */
async function* leaving(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('a\nb\nc\nd\ne\n');
  throw new Error('gone');
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `d${i + 1}`);

describe('ProvisionStream', () => {
  it('answers every line in order and closes with the totals', async () => {
    const sink = new Sink();
    await new ProvisionStream(answering, sink, limits).run(client(['a', 'bad', 'c']));
    expect(sink.lines).toEqual([1, 2, 3]);
    expect(sink.written.at(-1)).toEqual({ done: true, issued: 2, refused: 1 });
  });

  it('answers an empty stream with totals of nothing', async () => {
    const sink = new Sink();
    await new ProvisionStream(answering, sink, limits).run(client([]));
    expect(sink.written).toEqual([{ done: true, issued: 0, refused: 0 }]);
  });

  it('keeps the order where a later chunk is done first', async () => {
    const [ca, sink] = [new HeldCa(), new Sink()];
    const ended = new ProvisionStream(ca.provision, sink, limits).run(client(names(5)));
    await settle();
    ca.chunks[1]?.answer();
    await settle();
    expect(sink.lines).toEqual([]);
    ca.chunks[0]?.answer();
    await ended;
    expect(sink.lines).toEqual([1, 2, 3, 4, 5]);
  });

  it('sends a lone line off at once, and what gathers meanwhile together', async () => {
    const [ca, sink] = [new HeldCa(), new Sink()];
    const ended = new ProvisionStream(ca.provision, sink, limits).run(client(names(4)));
    await settle();
    expect(ca.chunks.map(({ lines }) => lines.length)).toEqual([1]);
    ca.chunks[0]?.answer();
    await settle();
    expect(ca.chunks.map(({ lines }) => lines.length)).toEqual([1, 3]);
    ca.chunks[1]?.answer();
    await ended;
  });

  it('stops reading when a window of lines waits for the CA, and goes on when one is answered', async () => {
    const [ca, sink] = [new HeldCa(), new Sink()];
    const source = client(names(100));
    const ended = new ProvisionStream(ca.provision, sink, limits).run(source);
    await settle();
    expect(source.taken).toBe(limits.window + 1);
    expect(ca.chunks).toHaveLength(limits.concurrency);
    while (sink.written.length < 101) {
      for (const chunk of ca.chunks) chunk.answer();
      await settle();
    }
    await ended;
    expect(sink.lines).toEqual(names(100).map((_, i) => i + 1));
  });

  it('stops reading when the client does not take its answers', async () => {
    const sink = new Sink();
    const { promise, resolve } = Promise.withResolvers<void>();
    sink.gate = promise;
    const source = client(names(100));
    const ended = new ProvisionStream(answering, sink, limits).run(source);
    await settle();
    expect(source.taken).toBe(limits.window + 1);
    resolve();
    expect(await ended).toEqual({ issued: 100, refused: 0 });
  });

  it('ends without totals when the CA fails, after the answers before, and begins nothing more', async () => {
    const [ca, sink] = [new HeldCa(), new Sink()];
    const ended = new ProvisionStream(ca.provision, sink, limits).run(client(names(100)));
    await settle();
    ca.chunks[1]?.fail(new Error('away'));
    await settle();
    ca.chunks[0]?.answer();
    await expect(ended).rejects.toThrow('away');
    expect(sink.lines).toEqual([1]);
    expect(ca.chunks).toHaveLength(2);
  });

  it('does not wait for a silent client when the CA fails', async () => {
    const sink = new Sink();
    const ended = new ProvisionStream(() => Promise.reject(new Error('away')), sink, limits).run(silent());
    await expect(ended).rejects.toThrow('away');
    expect(sink.written).toEqual([]);
  });

  it('lets what is under way end when the client goes, and begins nothing more', async () => {
    const ca = new HeldCa();
    let ended = false;
    const running = new ProvisionStream(ca.provision, new Sink(), { ...limits, concurrency: 1 }).run(leaving());
    const outcome = running.catch((error: Error) => {
      ended = true;
      return error.message;
    });
    await settle();
    expect(ended).toBe(false);
    ca.chunks[0]?.answer();
    expect(await outcome).toBe('gone');
    expect(ca.chunks).toHaveLength(1);
  });

  it('refuses a line that is too long, after the answers before, and ends without totals', async () => {
    const sink = new Sink();
    const ended = new ProvisionStream(answering, sink, limits).run(client(['a', 'b', 'x'.repeat(66), 'd']));
    await expect(ended).rejects.toMatchObject({ code: 'LINE_TOO_LONG' });
    expect(sink.lines).toEqual([1, 2, 3]);
    expect(sink.written.at(-1)).toMatchObject({ line: 3, error: { code: 'LINE_TOO_LONG' } });
  });
});
