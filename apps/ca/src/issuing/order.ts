import type { IssueRequest } from '@touchmark/ca-port';
import type { CertificateNames, CheckedRequest, Profile, Validity } from '@touchmark/issuance';
import type { TakenSeat } from '../seats/seat-supply.js';

/** A request whose CSR, key and names were checked before any lock is taken (steps 1 and 2 of the issuing cycle). */
export interface CheckedOrder extends Validity {
  readonly request: IssueRequest;
  readonly deviceRef: string;
  readonly authorityId: string;
  readonly profile: Profile;
  /** UTC seconds at which the request was checked: what its validity counts from. */
  readonly checkedAt: number;
  readonly checked: CheckedRequest;
  /** The profile's names, for the pseudonym below; absent where the request was held against another certificate's. */
  readonly names?: CertificateNames;
  readonly spkiSha256: Uint8Array;
  readonly spkiHex: string;
  /** UTC seconds at which the renewal window of the new certificate opens; null: never. */
  readonly renewAfter: number | null;
  /** notAfter bucket: with the authority it chooses the status list. */
  readonly bucket: string;
  /** Opaque device id for a new subject; an existing one keeps its own. */
  readonly pseudonym: string;
  readonly credentialId: string;
  /** Kept over retries: the same signed bytes may be stored again, another certificate never takes the seat. */
  signed?: SignedOrder;
}

export interface SignedOrder {
  readonly seat: TakenSeat;
  readonly random: Uint8Array;
  readonly serialNumber: Uint8Array;
  /** Certificate, DER. */
  readonly certificate: Uint8Array;
  /** The opaque id that it was signed for; where the subject turns out to have another one, it is signed anew. */
  readonly pseudonym: string;
}
