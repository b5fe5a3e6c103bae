import { NotAuthenticError } from './est-error.js';

/** What HTTP Basic carries (RFC 7617): the deviceSerial or nothing as user, an enrollment token as password. */
export interface BasicCredentials {
  readonly user: string;
  readonly password: string;
}

const BASIC = /^basic +([A-Za-z0-9+/]+={0,2})$/i;

/**
 * Reads an Authorization field. Undefined where there is none, where it is of another scheme, or where user and password are
 * both empty, as from a client that was given nothing to say. NotAuthenticError CREDENTIALS_MALFORMED.
 */
export function parseBasicCredentials(authorization: string | undefined): BasicCredentials | undefined {
  if (authorization === undefined || !/^basic(?: |$)/i.test(authorization)) return undefined;
  const encoded = BASIC.exec(authorization.trim())?.[1];
  const pair = Buffer.from(encoded ?? '', 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  if (colon === -1) throw new NotAuthenticError('CREDENTIALS_MALFORMED');
  const credentials = { user: pair.slice(0, colon), password: pair.slice(colon + 1) };
  return credentials.user === '' && credentials.password === '' ? undefined : credentials;
}
