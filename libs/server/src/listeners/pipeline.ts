import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';

/** Requests of one connection that are worked on at a time; their answers leave in order anyway (RFC 9112 section 9.3.2). */
const AT_A_TIME = 16;
/** Requests that may wait behind them. Who sends more without reading an answer wants none. */
const MAX_WAITING = 1_024;

class Pipeline {
  private running = 0;
  private readonly waiting: (() => void)[] = [];
  private readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  add(...[request, response, handle]: [...Parameters<RequestListener>, RequestListener]): void {
    if (this.running < AT_A_TIME) {
      this.running += 1;
      response.once('close', this.next);
      handle(request, response);
    } else if (this.waiting.length < MAX_WAITING) {
      this.waiting.push(() => this.add(request, response, handle));
    } else {
      this.waiting.length = 0;
      this.socket.destroy();
    }
  }

  private readonly next = (): void => {
    this.running -= 1;
    if (!this.socket.destroyed) this.waiting.shift()?.();
  };
}

/** Hands on the requests of one connection a few at a time, however many a client sends at once (node:http has no limit). */
export function limitPipelines(handle: RequestListener): RequestListener {
  const pipelines = new WeakMap<Socket, Pipeline>();
  return (request, response) => {
    const { socket } = request;
    let pipeline = pipelines.get(socket);
    if (!pipeline) pipelines.set(socket, (pipeline = new Pipeline(socket)));
    pipeline.add(request, response, handle);
  };
}
