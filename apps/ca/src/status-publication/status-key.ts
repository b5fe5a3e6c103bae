import type { KeyObject } from 'node:crypto';
import type { Signer } from '@touchmark/issuance';
import { generateKeyPair, importPkcs8, SoftwareSigner } from '@touchmark/keys';
import { encodeSigned, type MessageTypeName, parseSeat, type Seat, signedData } from '@touchmark/status-list';
import { encodeCertificationRequest, parseCertificate, spkiSha256 } from '@touchmark/x509';
import type { IssueServiceCertificate } from '../signers/issue-service-certificate.js';

/** A key that signs status, with the certificate that says so. */
export interface StatusSigner {
  readonly privateKey: KeyObject;
  /** SHA-256 of its SubjectPublicKeyInfo, 32 octets. */
  readonly keyId: Uint8Array;
  /** Certificate of profile `status-signer`, and the infrastructure CA's that issued it, DER. */
  readonly certificate: Uint8Array;
  readonly issuerCertificate: Uint8Array;
  /** Where the certificate's own status stands. */
  readonly seat: Seat;
  /** UTC seconds. */
  readonly notAfter: number;
  /** A signed message of docs/status-snapshot.md. */
  sign(type: MessageTypeName, payload: Uint8Array): Promise<Uint8Array>;
}

export interface StatusKeyPorts {
  readonly serviceCertificate: IssueServiceCertificate['run'];
  /** Certificate of an authority, DER. */
  readonly certificateOf: (authorityId: string) => Uint8Array;
  readonly realm: string;
  /** UTC seconds. */
  readonly now: () => number;
  /** Hears of a renewal that failed while the present key is still good. */
  readonly onError: (error: unknown) => void;
}

/** Seconds after which a renewal that failed is tried again. */
const RETRY_SECONDS = 60;

/** In the SPIFFE URI of the signers' certificates. Replicas share it: what tells their keys apart is the key id. */
const NAME = 'status-1';

/**
 * The status key: made in this process and never outside of its memory, so each start makes a new one, and so does half of its
 * certificate's life. The certificate is stored before the key signs anything, so who reads a signature finds it.
 */
export class StatusKey {
  private readonly ports: StatusKeyPorts;
  private held: { readonly signer: StatusSigner; renewAt: number } | undefined;
  private making: Promise<StatusSigner> | undefined;

  constructor(ports: StatusKeyPorts) {
    this.ports = ports;
  }

  /** The key as it is, without making one; undefined before the first and after the end of its certificate. */
  get present(): StatusSigner | undefined {
    const signer = this.held?.signer;
    return signer && signer.notAfter > this.ports.now() ? signer : undefined;
  }

  /** The key to sign with now. One whose renewal fails stays in use until its certificate ends. */
  async current(): Promise<StatusSigner> {
    const { now, onError } = this.ports;
    const { held } = this;
    if (held && held.renewAt > now() && this.present) return held.signer;
    try {
      return await this.replace();
    } catch (error) {
      if (!held || !this.present) throw error;
      held.renewAt = now() + RETRY_SECONDS;
      onError(error);
      return held.signer;
    }
  }

  /** Makes a new key, which takes the place of the present one. */
  replace(): Promise<StatusSigner> {
    this.making ??= this.make().finally(() => {
      this.making = undefined;
    });
    return this.making;
  }

  private async make(): Promise<StatusSigner> {
    const { serviceCertificate, certificateOf, realm } = this.ports;
    const { pkcs8 } = generateKeyPair('P-256');
    const key = new SoftwareSigner(pkcs8, 'inline');
    const privateKey = importPkcs8(pkcs8);
    pkcs8.fill(0);
    const { certificate, authorityId, notBefore, notAfter } = await serviceCertificate({
      profile: 'status-signer',
      name: NAME,
      fields: { realm, name: NAME },
      csr: encodeCertificationRequest({ privateKey }),
    });
    const seat = parseSeat(parseCertificate(certificate).serialNumber);
    if (!seat) throw new TypeError('a certificate of ours has a seat');
    const keyId = spkiSha256(key.subjectPublicKeyInfo);
    const issuerCertificate = certificateOf(authorityId);
    const signer = {
      privateKey,
      keyId,
      certificate,
      issuerCertificate,
      seat,
      notAfter,
      sign: (type: MessageTypeName, payload: Uint8Array) => signMessage(key, keyId, type, payload),
    };
    this.held = { signer, renewAt: Math.floor((notBefore + notAfter) / 2) };
    return signer;
  }
}

async function signMessage(
  key: Signer,
  keyId: Uint8Array,
  type: MessageTypeName,
  payload: Uint8Array,
): Promise<Uint8Array> {
  const signature = await key.sign(signedData(type, keyId, payload));
  return encodeSigned({ type, keyId, signature, payload });
}
