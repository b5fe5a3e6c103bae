// A client of the gateway that stays: it keeps a connection and its TLS session, and tells when it is cut.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:tls';

/** Opens a TLS connection to the gateway with a device's certificate, on a session of before if there is one. */
export async function openConnection(stage, device, port, session) {
  const [ca, cert, key] = await Promise.all(
    ['root.pem', device.certificate, device.key].map((name) => readFile(stage.file(name))),
  );
  const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca, cert, key, session });
  const client = new Connection(socket);
  await once(socket, 'secureConnect');
  // asked later, a socket that was cut meanwhile no longer knows
  client.resumed = socket.isSessionReused();
  return client;
}

class Connection {
  #socket;
  #heard = '';
  #wake = () => undefined;
  /** Whether the handshake resumed the session that it was given. */
  resumed = false;
  /** The newest ticket with which the session can be resumed. */
  session;
  /** Milliseconds of the process's clock at which the connection was cut; undefined while it stands. */
  cutAt;

  constructor(socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('session', (ticket) => {
      this.session = ticket;
      this.#wake();
    });
    socket.on('data', (text) => {
      this.#heard += text;
      this.#wake();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.cutAt = performance.now();
      this.#wake();
    });
  }

  get heard() {
    return this.#heard;
  }

  /** Sends a GET; the answer comes into `heard`. */
  get(path) {
    this.#heard = '';
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  }

  /** Waits until `condition` holds, or the connection is gone. */
  async until(condition, seconds = 10) {
    const late = setTimeout(() => this.#socket.destroy(), seconds * 1000);
    while (!condition() && this.cutAt === undefined) await new Promise((resolve) => (this.#wake = resolve));
    clearTimeout(late);
    return condition();
  }

  close() {
    this.#socket.destroy();
  }
}
