import type { JournalPosition } from '@touchmark/ca-port';
import { encodeTokenStatusList, LIST_SIZE, SeatBitmap, TOKEN_STATUS_LIST_BITS } from '@touchmark/status-list';
import type { RevocationRecord, StatusListRecord, StatusTokenRecord } from '@touchmark/store';
import { SignJWT } from 'jose';
import { statusListUri } from '../seats/publication-urls.js';
import type { StatusKey } from './status-key.js';

export interface StatusTokenContent {
  readonly list: Pick<StatusListRecord, 'id' | 'state' | 'leasedTo'>;
  /** All seats of the list that are not valid. */
  readonly entries: readonly Pick<RevocationRecord, 'index' | 'value'>[];
  /** UTC seconds, taken before the entries were read. */
  readonly iat: number;
  readonly position: JournalPosition;
}

/** Makes the next token of a list, ready to be stored; undefined while this process has no status key. */
export type SignStatusToken = (content: StatusTokenContent) => Promise<StatusTokenRecord | undefined>;

export interface StatusTokenOptions {
  /** Base of the publication URLs, without a slash at its end. */
  readonly publicHttpUrl: string;
  /** Seconds from iat to exp. */
  readonly lifetime: number;
  /** Seconds that a relying party may go without asking for a newer one. */
  readonly ttl: number;
}

/** IETF Token Status List: the JWT form, `bits` 2, signed by the status key with its certificates in `x5c`. */
export function signStatusTokenWith(key: StatusKey, options: StatusTokenOptions): SignStatusToken {
  return async ({ list, entries, iat, position }) => {
    const signer = key.present;
    if (!signer) return undefined;
    const exp = Math.min(iat + options.lifetime, signer.notAfter);
    const jwt = await new SignJWT({
      ttl: options.ttl,
      status_list: {
        bits: TOKEN_STATUS_LIST_BITS,
        lst: base64url(encodeTokenStatusList(toBitmap(entries), sizeOf(list))),
      },
    })
      .setProtectedHeader({
        alg: 'ES256',
        typ: 'statuslist+jwt',
        kid: base64url(signer.keyId),
        x5c: [signer.certificate, signer.issuerCertificate].map((der) => Buffer.from(der).toString('base64')),
      })
      .setSubject(statusListUri(options.publicHttpUrl, list.id))
      .setIssuedAt(iat)
      .setExpirationTime(exp)
      .sign(signer.privateKey);
    return { listId: list.id, position, iat, exp, signer: signer.seat, jwt };
  };
}

/**
 * An open list speaks for all the seats that it will ever have: those that are leased while the token is cached can be used at
 * once. A sealed one leases no more, and says nothing about seats that it never gave: they are refused.
 */
const sizeOf = ({ state, leasedTo }: StatusTokenContent['list']): number => (state === 'open' ? LIST_SIZE : leasedTo);

function toBitmap(entries: StatusTokenContent['entries']): SeatBitmap {
  const bitmap = new SeatBitmap();
  for (const { index, value } of entries) bitmap.set(index, value);
  return bitmap;
}

const base64url = (octets: Uint8Array): string => Buffer.from(octets).toString('base64url');
