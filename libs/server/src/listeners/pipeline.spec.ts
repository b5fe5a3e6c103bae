import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { onFreePort } from '../../test/start-app.js';
import { type Listener, openListener } from './listener.js';

let listener: Listener | undefined;
afterEach(() => listener?.close(0));

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
const gets = (count: number): string => Array.from({ length: count }, (_, i) => get(`/${i}`)).join('');

describe('pipelined requests', () => {
  it('are worked on a few at a time, and all answered in order', async () => {
    const open: { path: string | undefined; response: ServerResponse }[] = [];
    let most = 0;
    listener = await openListener(onFreePort('public'), ({ url }, response) => {
      open.push({ path: url, response });
      most = Math.max(most, open.length);
      setImmediate(() => {
        // the last of those at work first
        const last = open.pop();
        last?.response.end(`[${last.path}]`);
      });
    });
    const socket = connect(listener.port, '127.0.0.1');
    let text = '';
    socket.on('data', (part: Buffer) => {
      text += part.toString();
    });
    socket.write(gets(200));
    const answered = (): string[] => [...text.matchAll(/\[\/(\d+)\]/g)].map(([, n]) => n ?? '');
    await expect.poll(() => answered().length).toBe(200);
    expect(answered()).toEqual(Array.from({ length: 200 }, (_, i) => String(i)));
    expect(most).toBeLessThanOrEqual(16);
    socket.destroy();
  });

  it('end the connection when there is no end of them', async () => {
    let handled = 0;
    listener = await openListener(onFreePort('public'), () => {
      handled += 1;
    });
    const socket = connect(listener.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(gets(5_000));
    await expect.poll(() => socket.closed).toBe(true);
    expect(handled).toBe(16);
  });
});
