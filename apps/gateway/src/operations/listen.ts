import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { ServerError } from '@touchmark/server';

export interface ListenOptions {
  readonly name: string;
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** The configuration variable that holds the port. */
  readonly setting: string;
}

export interface Listening {
  readonly port: number;
  /** Stops accepting, lets requests under way end for at most so many seconds, then cuts what is left. */
  close(graceSeconds: number): Promise<void>;
}

/** Opens a port. PORT_IN_USE, LISTEN_FAILED. */
export async function listen(server: Server, options: ListenOptions): Promise<Listening> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const { name: listener, host, port, setting } = options;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const taken = 'code' in cause && cause.code === 'EADDRINUSE';
      const message = taken
        ? `port ${port} is taken: free it or set ${setting}`
        : `cannot listen on ${host}, port ${port} (${setting})`;
      const where = { listener, host, port, setting };
      reject(new ServerError(taken ? 'PORT_IN_USE' : 'LISTEN_FAILED', where, message, { cause }));
    });
    server.listen(port, host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('listening on something else than a port');
  return {
    port: address.port,
    async close(graceSeconds) {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      server.prependListener('request', (_request, response) => {
        response.shouldKeepAlive = false;
      });
      const idle = setInterval(() => server.closeIdleConnections(), 50);
      const cut = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
        server.closeAllConnections();
      }, graceSeconds * 1000);
      await closed;
      clearInterval(idle);
      clearTimeout(cut);
    },
  };
}
