import { DerError, DerReader } from '@touchmark/der';
import * as x509 from '@touchmark/x509';

/** Something that octets from anywhere are given to. */
export interface Reader {
  readonly name: string;
  /** All that can be read of the octets; throws what it throws. */
  read(bytes: Uint8Array): unknown;
  /** Whether this is what it throws for octets that it refuses. */
  refuses(error: unknown): boolean;
}

/** Names of all `parse…` that libs/x509 exports. */
export const PARSERS: readonly string[] = Object.keys(x509).filter((name) => name.startsWith('parse'));

/** Every reader of libs/der and libs/x509; those `parse…` that take octets alone by their exports, so that none is forgotten. */
export const READERS: readonly Reader[] = [
  ...Object.entries(x509).flatMap(([name, reader]): Reader[] =>
    typeof reader === 'function' && name.startsWith('parse')
      ? [reading(name, (bytes): unknown => Reflect.apply(reader, undefined, [bytes]))]
      : [],
  ),
  reading('parseRevokedCertificate', (bytes) => x509.parseRevokedCertificate(bytes, 2)),
  reading('revokedCertificates', (bytes) => {
    const list = x509.parseCertificateList(bytes);
    return [...x509.revokedCertificates(list)].map((entry) => [entry, x509.findRevoked(list, entry.serialNumber)]);
  }),
  reading('findRevoked', (bytes) => x509.findRevoked(x509.parseCertificateList(bytes), Uint8Array.of(1))),
  reading('formatName', (bytes) => x509.formatName(x509.parseName(bytes))),
  reading('importPublicKey', (bytes) => {
    x509.checkKeyPolicy(x509.parseSubjectPublicKeyInfo(bytes));
    return x509.importPublicKey(bytes).export({ format: 'der', type: 'spki' }).toString('hex');
  }),
  reading('decodePem', (bytes) => x509.decodePem(Buffer.from(bytes).toString('latin1'))),
  { name: 'DerReader', read: (bytes) => readTree(new DerReader(bytes), 0), refuses: (e) => e instanceof DerError },
];

function reading(name: string, read: (bytes: Uint8Array) => unknown): Reader {
  return { name, read, refuses: (error) => error instanceof x509.X509Error };
}

function readTree(reader: DerReader, depth: number): unknown[] {
  const elements: unknown[] = [];
  while (!reader.done) {
    const tag = reader.peekTag();
    const constructed = (tag & 0x20) !== 0 && depth < 50;
    elements.push([tag, constructed ? readTree(reader.read(tag), depth + 1) : reader.readElement()]);
  }
  return elements;
}
