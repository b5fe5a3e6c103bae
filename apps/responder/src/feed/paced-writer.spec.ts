import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { PacedWriter } from './paced-writer.js';

const MIB = 2 ** 20;
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A response, and the client who gets it and has read nothing yet. */
async function answer(): Promise<{ response: ServerResponse; client: IncomingMessage }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const request = get({ host: '127.0.0.1', port, agent: false });
  request.on('error', () => undefined);
  const [, response]: [IncomingMessage, ServerResponse] = await once(server, 'request').then(([a, b]) => [a, b]);
  response.writeHead(200);
  response.flushHeaders();
  const client = await once(request, 'response').then(([message]: IncomingMessage[]) => message);
  if (!client) throw new Error('no answer');
  client.on('error', () => undefined);
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { response, client };
}

const writerOf = (response: ServerResponse, onSlow = vi.fn<() => void>()): PacedWriter =>
  new PacedWriter(response, { maxWaiting: MIB, patience: 2, onSlow });

/** As much as no socket takes at once. */
const LARGE = Buffer.alloc(32 * MIB, 'x');

describe('PacedWriter', () => {
  it('writes everything in order, whatever the pieces', async () => {
    const { response, client } = await answer();
    const writer = writerOf(response);
    writer.begin([Buffer.from('a'), LARGE, Buffer.from('b')]);
    writer.add(Buffer.from('c'));
    writer.end();
    let length = 0;
    let [first, last] = ['', ''];
    for await (const chunk of client) {
      const text = String(chunk);
      first ||= text.slice(0, 2);
      last = (last + text).slice(-2);
      length += text.length;
    }
    expect([first, last, length]).toEqual(['ax', 'bc', LARGE.length + 3]);
  });

  it('holds no more than a slice in the response for a client that does not read', async () => {
    const { response } = await answer();
    writerOf(response).begin([LARGE]);
    expect(response.writableLength).toBeLessThan(4 * 65_536);
  });

  it('leaves out what was superseded while it waited', async () => {
    const { response, client } = await answer();
    const writer = writerOf(response);
    writer.begin([LARGE]);
    writer.add(Buffer.from('[old head]'), { superseded: true });
    writer.add(Buffer.from('[batch]'));
    writer.add(Buffer.from('[new head]'), { superseded: true });
    writer.end();
    let tail = '';
    for await (const chunk of client) tail = (tail + String(chunk)).slice(-100);
    expect(tail).toMatch(/x\[batch\]\[new head\]$/);
  });

  it('cuts a client for whom too much waits, once', async () => {
    const { response, client } = await answer();
    const onSlow = vi.fn<() => void>();
    const writer = writerOf(response, onSlow);
    const gone = new Promise((resolve) => client.once('close', resolve));
    writer.begin([LARGE]);
    for (let i = 0; i < 20; i += 1) writer.add(Buffer.alloc(MIB / 4));
    expect(onSlow).toHaveBeenCalledTimes(1);
    expect(response.destroyed).toBe(true);
    client.resume();
    await gone;
  });

  it('cuts a client that takes nothing for too long', async () => {
    const { response } = await answer();
    const onSlow = vi.fn<() => void>();
    const writer = writerOf(response, onSlow);
    for (let i = 0; i < 9; i += 1) writer.tick();
    expect(onSlow).not.toHaveBeenCalled();
    writer.begin([LARGE]);
    writer.tick();
    writer.tick();
    expect(onSlow).not.toHaveBeenCalled();
    writer.tick();
    expect(onSlow).toHaveBeenCalledTimes(1);
    expect(response.destroyed).toBe(true);
  });

  it('stops with a proper end, or without where the client does not read', async () => {
    const one = await answer();
    writerOf(one.response).stop();
    one.client.resume();
    await once(one.client, 'end');
    const other = await answer();
    const writer = writerOf(other.response);
    writer.begin([LARGE]);
    writer.stop();
    expect(other.response.destroyed).toBe(true);
  });
});
