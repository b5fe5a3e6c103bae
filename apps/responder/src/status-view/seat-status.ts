import { parseSerialNumber } from '@touchmark/status-list';
import type { PublishedAuthority } from '@touchmark/store';
import type { CertificateStatus, StatusPort } from '@touchmark/verifier';
import { parseCertificate, spkiSha256 } from '@touchmark/x509';
import type { StatusView } from './status-view.js';

/** A certificate's place, resolved under the key that verified it. */
export interface ResolvedSeat {
  readonly authorityId: string;
  readonly listId: number;
  readonly index: number;
}

/** The status of certificates of our own authorities, as the status view has it: for the verifier. */
export class SeatStatus implements StatusPort {
  readonly view: StatusView;
  private authorityIds = new Map<string, string>();

  constructor(view: StatusView) {
    this.view = view;
  }

  load(authorities: readonly PublishedAuthority[]): void {
    this.authorityIds = new Map(
      authorities.map(({ id, certificate }) => [
        keyOf(spkiSha256(parseCertificate(certificate).subjectPublicKeyInfo)),
        id,
      ]),
    );
  }

  statusOf(issuerSpkiSha256: Uint8Array, serialNumber: Uint8Array): CertificateStatus {
    const seat = this.resolve(issuerSpkiSha256, serialNumber);
    return seat ? this.statusOfSeat(seat) : 'unknown';
  }

  /** Undefined for a serial number without a seat, and for an issuer that is not ours. */
  resolve(issuerSpkiSha256: Uint8Array, serialNumber: Uint8Array): ResolvedSeat | undefined {
    const authorityId = this.authorityIds.get(keyOf(issuerSpkiSha256));
    const seat = parseSerialNumber(serialNumber);
    return authorityId === undefined || !seat ? undefined : { authorityId, listId: seat.listId, index: seat.index };
  }

  statusOfSeat({ authorityId, listId, index }: ResolvedSeat): CertificateStatus {
    const list = this.view.list(listId);
    if (list?.authorityId !== authorityId || index >= list.leasedTo) return 'unknown';
    switch (list.seats.get(index)?.value ?? 0) {
      case 0:
        return 'valid';
      case 1:
        return 'invalid';
      case 2:
        return 'suspended';
    }
  }
}

const keyOf = (spkiHash: Uint8Array): string => Buffer.from(spkiHash).toString('hex');
