import { verify } from 'node:crypto';

import {
  concatBytes,
  encodeBitString,
  encodeExplicit,
  encodeLength,
  encodeSequence,
  encodeSmallInteger,
  encodeTime,
  Oid,
  Tag,
} from '@touchmark/der';
import {
  encodeAuthorityKeyIdentifier,
  encodeCRLNumber,
  encodeExtension,
  encodeIssuingDistributionPoint,
} from '@touchmark/x509';

import { callSigner } from './call-signer.js';
import { IssuanceError } from './issuance-error.js';
import type { Issuer } from './issuer.js';
import { HEADROOM, type RevokedColumns, RevokedEntries, type RevokedEntry } from './revoked-entries.js';

/** One CRL: complete for the certificates of one status list, the shard that its URI names. */
export interface CertificateListContent {
  readonly issuer: Issuer;
  /** Greater than that of every earlier CRL of this issuer and URI (RFC 5280 5.2.3). */
  readonly cRLNumber: bigint;
  /** UTC seconds; thisUpdate before nextUpdate. */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  /** URI of the shard, the same octets as in the certificates' cRLDistributionPoints (RFC 5280 5.2.5, 6.3.3 b 2 i). */
  readonly distributionPoint: string;
  /** In any order, each serial number once; none at all is an empty CRL. */
  readonly revoked: Iterable<RevokedEntry> | RevokedColumns;
}

// version INTEGER { v2(1) }.
const VERSION_2 = encodeSmallInteger(1);
// Outer header and that of tbsCertList, at most 6 octets each.
const HEADERS = 12;

/**
 * A signed CertificateList (RFC 5280 section 5), DER: v2 with authorityKeyIdentifier, cRLNumber and a critical
 * issuingDistributionPoint. It is laid down in one array, the entries first, what stands around them after: a million entries
 * with reasons take 49 MB, and no second copy. The result is a view of a larger array.
 *
 * Rejects with TypeError for content that no complete CRL can have, with IssuanceError SIGNING_FAILED.
 */
export async function encodeCertificateList(content: CertificateListContent): Promise<Uint8Array> {
  const { issuer } = content;
  const entries = new RevokedEntries();
  if (isColumns(content.revoked)) entries.addColumns(content.revoked);
  else for (const entry of content.revoked) entries.add(entry);

  const before = beforeEntries(content, entries.end - HEADROOM);
  entries.append(encodeExplicit(0, encodeSequence(...extensionsOf(content))));
  const contents = HEADROOM - before.length;
  const tbsHeader = header(entries.end - contents);
  const tbsStart = contents - tbsHeader.length;
  entries.bytes.set(concatBytes(tbsHeader, before), tbsStart);
  const signature = await signList(issuer, entries.bytes.subarray(tbsStart, entries.end));

  entries.append(concatBytes(issuer.signatureAlgorithm, encodeBitString(signature)));
  const outerHeader = header(entries.end - tbsStart);
  const start = tbsStart - outerHeader.length;
  entries.bytes.set(outerHeader, start);
  return entries.bytes.subarray(start, entries.end);
}

// Everything of the tbsCertList up to the first entry. Without entries revokedCertificates is absent (RFC 5280 5.1.2.6).
function beforeEntries({ issuer, thisUpdate, nextUpdate }: CertificateListContent, entriesLength: number): Uint8Array {
  if (!(thisUpdate < nextUpdate)) throw new TypeError('thisUpdate must be before nextUpdate');
  const before = concatBytes(
    VERSION_2,
    issuer.signatureAlgorithm,
    issuer.certificate.subject,
    encodeTime(thisUpdate),
    encodeTime(nextUpdate),
    ...(entriesLength === 0 ? [] : [header(entriesLength)]),
  );
  if (before.length + HEADERS > HEADROOM) throw new TypeError('the name of the issuer is too long');
  return before;
}

function extensionsOf({ issuer, cRLNumber, distributionPoint }: CertificateListContent): Uint8Array[] {
  return [
    encodeExtension(Oid.authorityKeyIdentifier, false, encodeAuthorityKeyIdentifier(issuer.keyIdentifier)),
    encodeExtension(Oid.cRLNumber, false, encodeCRLNumber(cRLNumber)),
    encodeExtension(Oid.issuingDistributionPoint, true, encodeIssuingDistributionPoint({ uris: [distributionPoint] })),
  ];
}

async function signList(issuer: Issuer, tbsCertList: Uint8Array): Promise<Uint8Array> {
  const signature = await callSigner(issuer.signer, tbsCertList);
  if (!verify(issuer.digest, tbsCertList, issuer.publicKey, signature)) {
    throw new IssuanceError('SIGNING_FAILED', { stage: 'verify' });
  }
  return signature;
}

function header(length: number): Uint8Array {
  return concatBytes(Uint8Array.of(Tag.SEQUENCE), encodeLength(length));
}

function isColumns(revoked: Iterable<RevokedEntry> | RevokedColumns): revoked is RevokedColumns {
  return 'revocationDates' in revoked;
}
