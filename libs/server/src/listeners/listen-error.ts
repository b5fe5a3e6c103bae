import { ServerError } from '../errors/server-error.js';

/** A port that was asked for, in the words of the configuration. */
export interface WantedPort {
  readonly host: string;
  readonly port: number;
  /** The setting that changes the port, for the error's text. */
  readonly setting: string;
}

/** What listening failed with, as PORT_IN_USE, PORT_FORBIDDEN or LISTEN_FAILED. */
export function listenError(cause: Error, listener: string, { host, port, setting }: WantedPort): ServerError {
  const where = { listener, host, port, setting };
  switch ('code' in cause ? cause.code : undefined) {
    case 'EADDRINUSE':
      return new ServerError('PORT_IN_USE', where, `port ${port} is taken: free it or set ${setting}`, { cause });
    case 'EACCES':
      return new ServerError('PORT_FORBIDDEN', where, `port ${port} is not for this user: set ${setting}`, { cause });
    default:
      return new ServerError('LISTEN_FAILED', where, `cannot listen on ${host}, port ${port} (${setting})`, { cause });
  }
}
