import type { JournalPosition } from '@touchmark/ca-port';
import { encodeCertificateList, type Issuer, type RevokedColumns } from '@touchmark/issuance';
import { encodeSerialNumber } from '@touchmark/status-list';
import type { CrlRecord, RevocationRecord, StatusListRecord } from '@touchmark/store';
import type { Authorities } from '../authorities/authorities.js';

export interface CrlContent {
  readonly list: Pick<StatusListRecord, 'id' | 'authorityId' | 'crlUri'>;
  readonly entries: readonly RevocationRecord[];
  readonly previous: Pick<CrlRecord, 'number' | 'nextUpdate'> | undefined;
  readonly thisUpdate: number;
  readonly position: JournalPosition;
}

/** Makes the next CRL of a list, ready to be stored. */
export type SignCrl = (content: CrlContent) => Promise<CrlRecord>;

/** `lifetime`: seconds from thisUpdate to nextUpdate. */
export function signCrlWith(authorities: Authorities, lifetime: number): SignCrl {
  return (content) => signCrlOf(authorities.byId(content.list.authorityId).issuer, lifetime, content);
}

export async function signCrlOf(issuer: Issuer, lifetime: number, content: CrlContent): Promise<CrlRecord> {
  const { list, entries, previous, thisUpdate, position } = content;
  // based on time, so that numbers go on growing after a database was restored from a backup (rule 9)
  const number = Math.max((previous?.number ?? 0) + 1, thisUpdate);
  const nextUpdate = Math.max(thisUpdate + lifetime, previous?.nextUpdate ?? 0);
  const der = await encodeCertificateList({
    issuer,
    cRLNumber: BigInt(number),
    thisUpdate,
    nextUpdate,
    distributionPoint: list.crlUri,
    revoked: toColumns(entries),
  });
  return { listId: list.id, number, thisUpdate, nextUpdate, position, der };
}

const SERIAL_NUMBER_OCTETS = 16;

function toColumns(revocations: readonly RevocationRecord[]): RevokedColumns {
  // a seat without random octets has no serialNumber to list; its certificate is on no record, and OCSP says unknown
  const entries = revocations.flatMap((one) => (one.random === null ? [] : [{ ...one, random: one.random }]));
  const serialNumbers = new Uint8Array(entries.length * SERIAL_NUMBER_OCTETS);
  for (const [i, entry] of entries.entries()) serialNumbers.set(encodeSerialNumber(entry), i * SERIAL_NUMBER_OCTETS);
  return {
    serialNumbers,
    serialNumberLength: SERIAL_NUMBER_OCTETS,
    revocationDates: Float64Array.from(entries, (entry) => entry.revokedAt),
    reasonCodes: Uint8Array.from(entries, (entry) => entry.reason),
    invalidityDates: Float64Array.from(entries, (entry) => entry.invalidityDate ?? Number.NaN),
  };
}
