import {
  type CertificateFields,
  checkCertificationRequestInPool,
  encodeCertificateNames,
  IssuanceError,
  profileByName,
  signCertificate,
  validityFor,
} from '@touchmark/issuance';
import { type RandomBytes, randomUuid } from '@touchmark/server';
import { bucketOf, encodeSerialNumber, SERIAL_NUMBER_RANDOM_LENGTH } from '@touchmark/status-list';
import { type Database, insertCertificates, insertServiceCredential } from '@touchmark/store';
import type { Authorities } from '../authorities/authorities.js';
import type { Templates } from '../authorities/templates.js';
import { toCaError } from '../issuing/check-request.js';
import type { SeatSupply } from '../seats/seat-supply.js';

export interface ServiceCertificateOrder {
  readonly profile: 'tls-server' | 'gateway-client' | 'service' | 'ocsp-signer' | 'status-signer';
  /** For profiles that every issuing CA may issue. */
  readonly authorityId?: string;
  /** What people know the holder by; also the key under which the newest certificate is found again. */
  readonly name: string;
  readonly fields: CertificateFields;
  /** PKCS#10, DER. Names in it are passed over: the order gives them. */
  readonly csr: Uint8Array;
}

export interface ServiceCertificate {
  readonly certificate: Uint8Array;
  readonly authorityId: string;
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface ServiceCertificatePorts {
  readonly db: Database;
  readonly authorities: Authorities;
  readonly templates: Templates;
  readonly seats: SeatSupply;
  readonly randomBytes: RandomBytes;
  readonly now: () => number;
}

/** The issuing cycle for certificates that are not a device's: no subject to lock and no warrant, else the same steps. */
export class IssueServiceCertificate {
  private readonly ports: ServiceCertificatePorts;

  constructor(ports: ServiceCertificatePorts) {
    this.ports = ports;
  }

  async run(order: ServiceCertificateOrder): Promise<ServiceCertificate> {
    const { db, authorities, templates, seats, randomBytes, now } = this.ports;
    const at = now();
    try {
      const profile = profileByName(order.profile);
      const authority =
        order.authorityId === undefined ? authorities.forProfile(profile) : authorities.byId(order.authorityId);
      const request = await checkCertificationRequestInPool(order.csr, profile);
      const names = encodeCertificateNames(profile, order.fields);
      const validity = validityFor(profile, authority.issuer.certificate, at);
      const [seat] = await seats.take(authority.id, bucketOf(validity.notBefore, validity.notAfter), 1);
      if (!seat) throw new TypeError('no seat was given');
      const random = randomBytes(SERIAL_NUMBER_RANDOM_LENGTH);
      const place = { listId: seat.list.id, index: seat.index, random };
      const signed = await signCertificate({
        template: templates.of(profile, seat.list),
        request,
        names,
        validity,
        serialNumber: encodeSerialNumber(place),
        now: at,
      });
      await db.transaction(async (tx) => {
        const { certificate, spkiSha256 } = signed;
        await insertCertificates(tx, [{ ...place, deviceRef: null, credentialId: null, der: certificate }]);
        await insertServiceCredential(tx, {
          ...place,
          ...validity,
          id: randomUuid(randomBytes),
          name: order.name,
          profile: profile.name,
          authorityId: authority.id,
          spkiSha256,
        });
      });
      return { certificate: signed.certificate, authorityId: authority.id, ...validity };
    } catch (error) {
      throw error instanceof IssuanceError ? toCaError(error) : error;
    }
  }
}
