import { hash } from 'node:crypto';

import { Oid } from '@touchmark/der';
import { type CertId, keyHashSha1, keyHashSha256 } from '@touchmark/x509';

import type { PathCertificate } from '../../path/path-certificate.js';

/** A CertID as a string of octets; its first part, up to the serial number, says issuer and hash. */
export interface CertIdKey {
  readonly issuer: string;
  readonly serialNumber: string;
}

/** Both parts in one. */
export function nameOf({ issuer, serialNumber }: CertIdKey): string {
  return issuer + serialNumber;
}

/** What a response calls a certificate; undefined for another hash than SHA-1 and SHA-256, or one of another length. */
export function keyOfCertId({
  hashAlgorithm,
  issuerNameHash,
  issuerKeyHash,
  serialNumber,
}: CertId): CertIdKey | undefined {
  const octets = OCTETS.get(hashAlgorithm);
  if (octets === undefined || issuerNameHash.length !== octets || issuerKeyHash.length !== octets) return undefined;
  return { issuer: latin1(issuerNameHash) + latin1(issuerKeyHash), serialNumber: latin1(serialNumber) };
}

/** Both names under which a response may speak of this certificate: by SHA-256 and by SHA-1. */
export function keysOf({ certificate }: PathCertificate, issuer: PathCertificate): readonly CertIdKey[] {
  const serialNumber = latin1(certificate.serialNumber);
  const [sha256, sha1] = keyHashes(issuer);
  return [
    { issuer: hash('sha256', certificate.issuer, 'binary') + sha256, serialNumber },
    { issuer: hash('sha1', certificate.issuer, 'binary') + sha1, serialNumber },
  ];
}

const OCTETS: ReadonlyMap<string, number> = new Map([
  [Oid.sha1, 20],
  [Oid.sha256, 32],
]);

// An issuer comes again with each of its certificates.
const known = new WeakMap<PathCertificate, readonly [sha256: string, sha1: string]>();

function keyHashes(issuer: PathCertificate): readonly [sha256: string, sha1: string] {
  let hashes = known.get(issuer);
  if (hashes === undefined) {
    hashes = [latin1(keyHashSha256(issuer.key)), latin1(keyHashSha1(issuer.key))];
    known.set(issuer, hashes);
  }
  return hashes;
}

function latin1(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString('latin1');
}
