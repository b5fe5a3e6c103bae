import { parseSerialNumber } from '@touchmark/status-list';
import { certificateOwner, type Queryable } from '@touchmark/store';
import type { CertificateOwners } from './change-certificate-status.js';

/** The device of a certificate, by the seat in its serial number. */
export function certificateOwners(db: Queryable): CertificateOwners {
  return {
    async deviceOf(serialNumber) {
      const seat = parseSerialNumber(serialNumber);
      return seat && certificateOwner(db, seat);
    },
  };
}
