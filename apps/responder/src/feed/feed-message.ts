import { decodeSigned } from '@touchmark/status-list';
import type { PublishedBatch, PublishedHead, PublishedSigner, PublishedSnapshot } from '@touchmark/store';
import { parseCertificate, spkiSha256 } from '@touchmark/x509';

/**
 * A signed message as it goes out. Its octets are made once, whoever they go to; where it stands is what the database says of
 * it, and nothing here is believed by a follower, who reads the signed payload.
 */
export interface FeedMessage {
  readonly type: 'snapshot' | 'batch' | 'head';
  readonly epoch: number;
  /** The last journal entry that it tells of. */
  readonly sequence: number;
  /** The entry before its first; of a batch alone it differs from `sequence`. */
  readonly after: number;
  /** UTC seconds for which a head or snapshot speaks; 0 for a batch. */
  readonly time: number;
  /** Of the status key, in hex. */
  readonly keyId: string;
  readonly signed: Uint8Array;
  /** One event of the stream (WHATWG HTML section 9.2). */
  readonly event: Buffer;
  /** The base64 inside the event. */
  readonly base64: Buffer;
}

/** Certificates with which followers check a status key, as they go out. */
export interface FeedSigner {
  readonly keyId: string;
  readonly event: Buffer;
  /** `["<certificate>","<issuer>"]` */
  readonly json: Buffer;
}

export const batchMessage = ({ epoch, first, last, message }: PublishedBatch): FeedMessage =>
  toFeedMessage({ type: 'batch', epoch, sequence: last, after: first - 1, time: 0, signed: message });

export const headMessage = ({ epoch, sequence, time, message }: PublishedHead): FeedMessage =>
  toFeedMessage({ type: 'head', epoch, sequence, after: sequence, time, signed: message });

export const snapshotMessage = ({ epoch, sequence, asOf, message }: PublishedSnapshot): FeedMessage =>
  toFeedMessage({ type: 'snapshot', epoch, sequence, after: sequence, time: asOf, signed: message });

export function signerOf({ certificate, issuerCertificate }: PublishedSigner): FeedSigner {
  const [own, issuer] = [certificate, issuerCertificate].map(toBase64);
  return {
    keyId: hex(spkiSha256(parseCertificate(certificate).subjectPublicKeyInfo)),
    event: Buffer.from(`event: signer\ndata: ${own} ${issuer}\n\n`, 'latin1'),
    json: Buffer.from(`["${own}","${issuer}"]`, 'latin1'),
  };
}

function toFeedMessage(message: Omit<FeedMessage, 'keyId' | 'event' | 'base64'>): FeedMessage {
  const { type, epoch, sequence, signed } = message;
  const before = `event: ${type}\nid: ${epoch}.${sequence}\ndata: `;
  const event = Buffer.from(`${before}${toBase64(signed)}\n\n`, 'latin1');
  return {
    ...message,
    keyId: hex(decodeSigned(signed).keyId),
    event,
    base64: event.subarray(before.length, event.length - 2),
  };
}

const toBase64 = (octets: Uint8Array): string =>
  Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString('base64');
const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');
