import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Body, Controller, Post } from '@nestjs/common';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../../test/start-app.js';
import { Consumes, OnListener, Public } from '../index.js';

const run = promisify(execFile);
const { promise: firstLine, resolve: sawFirstLine } = Promise.withResolvers<string>();

@Controller()
@OnListener('public')
@Public()
class Bodies {
  @Post('csr')
  @Consumes('application/pkcs10')
  csr(@Body() body: unknown) {
    return { bytes: body instanceof Uint8Array ? [...body] : 'not bytes' };
  }

  @Post('small')
  @Consumes('application/ocsp-request', { bodyLimit: 4 })
  small(@Body() body: unknown) {
    return { length: body instanceof Uint8Array ? body.length : -1 };
  }

  @Post('lines')
  @Consumes('application/x-ndjson')
  async lines(@Body() body: unknown) {
    if (!(body instanceof Readable)) return { count: -1 };
    let text = '';
    for await (const chunk of body) {
      text += String(chunk);
      if (text.includes('\n')) sawFirstLine(text);
    }
    return { count: text.split('\n').length - 1 };
  }

  @Post('json')
  json(@Body() body: unknown) {
    return { body };
  }
}

let running: TestApp;
beforeAll(async () => {
  running = await startApp([Bodies]);
});
afterAll(() => running.close(0));

async function post(path: string, type: string | undefined, body: NonNullable<RequestInit['body']>) {
  const headers: Record<string, string> = type === undefined ? {} : { 'Content-Type': type };
  const response = await running.fetch(path, { method: 'POST', headers, body, listener: 'public' });
  return { status: response.status, accept: response.headers.get('accept'), body: await response.json() };
}

describe('binary bodies', () => {
  it('arrive byte for byte, whatever the case and parameters of the media type', async () => {
    const seen = await post('/csr', 'Application/PKCS10; charset=x', new Uint8Array([0, 255, 13, 10]));
    expect(seen.body).toEqual({ bytes: [0, 255, 13, 10] });
  });

  it.each([
    ['the limit of its type', '/csr', 'application/pkcs10', 65_537],
    ['the limit of the route', '/small', 'application/ocsp-request', 5],
  ])('over %s are 413', async (_what, path, type, length) => {
    const seen = await post(path, type, new Uint8Array(length));
    expect(seen).toMatchObject({ status: 413, body: { code: 'BODY_TOO_LARGE' } });
  });

  it('over the limit without a length, as curl streams them, are 413 too', async () => {
    const headers = ['-H', 'Content-Type: application/ocsp-request', '-H', 'Transfer-Encoding: chunked'];
    const args = ['-sS', '-w', '%{http_code}', '-o', '/dev/null', ...headers, '--data-binary', '12345'];
    const { stdout } = await run('curl', [...args, `${running.listener('public').url}/small`]);
    expect(stdout).toBe('413');
  });
});

describe('a media type that the route does not take', () => {
  it.each([
    ['JSON where bytes are expected', '/csr', 'application/json', 'application/pkcs10'],
    ['bytes where JSON is expected', '/json', 'application/pkcs10', 'application/json'],
    ['text', '/json', 'text/plain', 'application/json'],
    ['a form', '/json', 'application/x-www-form-urlencoded', 'application/json'],
    ['a type that only begins alike', '/json', 'application/jsonish', 'application/json'],
  ])('is 415 and says what is: %s', async (_what, path, type, accept) => {
    const seen = await post(path, type, '{}');
    expect(seen).toMatchObject({ status: 415, accept, body: { code: 'MEDIA_TYPE_UNSUPPORTED' } });
  });
});

describe('a stream of lines', () => {
  it('reaches the handler while the client is still sending', async () => {
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        controller.enqueue(Buffer.from('{"line":1}\n'));
        await firstLine; // the second line is sent only once the first was read
        controller.enqueue(Buffer.from('{"line":2}\n'));
        controller.close();
      },
    });
    const headers = { 'Content-Type': 'application/x-ndjson' };
    const init = { method: 'POST', headers, body, duplex: 'half', listener: 'public' } as const;
    const response = await running.fetch('/lines', init);
    expect(await response.json()).toEqual({ count: 2 });
  });
});
