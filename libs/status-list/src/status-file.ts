import { StatusListError } from './errors.js';
import { OctetReader } from './octet-reader.js';
import { OctetWriter } from './octet-writer.js';
import { decodeSigned } from './signed.js';
import { MAX_CERTIFICATE_LENGTH } from './snapshot.js';

const SIGNER_MAGIC = 'TMSC';
const SIGNER_VERSION = 1;
/** Octets of a signed message in front of its signature's length, and of that length itself. */
const BEFORE_SIGNATURE = 4 + 1 + 1 + 32;

/** The certificate of a status key and the one of its issuer, DER. */
export interface SignerRecord {
  readonly certificate: Uint8Array;
  readonly issuerCertificate: Uint8Array;
}

/** What a file of status says, in its order. Nothing of it is proven. */
export interface StatusFile {
  readonly signers: readonly SignerRecord[];
  /** Signed messages as they came. Views of the file's octets. */
  readonly messages: readonly Uint8Array[];
  /** Whether every octet belongs to a record: a file whose writer was killed ends inside one. */
  readonly whole: boolean;
}

/** A signer as it stands in a file of status. TypeError for a certificate that is empty or does not fit. */
export function encodeSignerRecord({ certificate, issuerCertificate }: SignerRecord): Uint8Array {
  const writer = new OctetWriter().format(SIGNER_MAGIC, SIGNER_VERSION);
  for (const der of [certificate, issuerCertificate]) {
    if (der.length === 0 || der.length > MAX_CERTIFICATE_LENGTH) throw new TypeError('certificate does not fit');
    writer.uint(2, der.length, 'certificate').octets(der);
  }
  return writer.toBytes();
}

/**
 * Takes a file of status apart: signed messages and signer records one behind the other, as a gateway keeps them. A single
 * downloaded snapshot is such a file. It ends at the first octets that are no record; what stands before them is answered.
 */
export function readStatusFile(bytes: Uint8Array): StatusFile {
  const signers: SignerRecord[] = [];
  const messages: Uint8Array[] = [];
  let at = 0;
  try {
    while (at < bytes.length) {
      const rest = bytes.subarray(at);
      if (isSigner(rest)) {
        const { signer, length } = readSigner(rest);
        signers.push(signer);
        at += length;
      } else {
        const message = rest.subarray(0, signedLength(rest));
        decodeSigned(message);
        messages.push(message);
        at += message.length;
      }
    }
  } catch (error) {
    if (!(error instanceof StatusListError)) throw error;
  }
  return { signers, messages, whole: at === bytes.length };
}

function isSigner(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 4)).toString('latin1') === SIGNER_MAGIC;
}

function readSigner(bytes: Uint8Array): { signer: SignerRecord; length: number } {
  const reader = new OctetReader(bytes);
  reader.format(SIGNER_MAGIC, SIGNER_VERSION);
  const one = (): Uint8Array => reader.octets(reader.check('certificate', reader.uint(2), 1, MAX_CERTIFICATE_LENGTH));
  return { signer: { certificate: one(), issuerCertificate: one() }, length: reader.offset };
}

function signedLength(bytes: Uint8Array): number {
  const reader = new OctetReader(bytes);
  reader.view(BEFORE_SIGNATURE);
  reader.view(reader.uint(2));
  reader.view(reader.uint(4));
  return reader.offset;
}
