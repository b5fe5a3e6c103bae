import { equalBytes, toHex } from '@touchmark/der';
import { type Certificate, parseCertificate, parseCertificationRequest, X509Error } from '@touchmark/x509';
import { z } from 'zod';
import { judgePath, readCertificates } from '../certificates.js';
import { fetchAuthorities } from '../service/authorities.js';
import type { Api } from '../service/api.js';

/** What a line that was answered with a certificate says of it: lower-case hex, and base64 of its DER. */
export const IssuedFields = z.object({ serialNumber: z.string().regex(/^[0-9a-f]+$/), certificate: z.base64().min(1) });
export type Issued = Readonly<z.infer<typeof IssuedFields>>;

/**
 * Whether a certificate is what a line asked for, the same for the service's answers and for the results of earlier runs: for the key
 * of its request, and of a CA that leads to the root that we trust.
 */
export class IssuedCheck {
  private readonly anchors: readonly Certificate[];
  private readonly intermediates: readonly Certificate[];
  /** Issuing CAs that lead to an anchor: their certificates need one signature more each, not two. */
  private readonly proven: Certificate[] = [];
  private readonly now: () => number;

  /** `now`: UTC seconds. */
  constructor(anchors: readonly Certificate[], intermediates: readonly Certificate[], now: () => number) {
    this.anchors = anchors;
    this.intermediates = intermediates;
    this.now = now;
  }

  static async open(api: Api, now: () => number): Promise<IssuedCheck> {
    const anchors = readCertificates(Buffer.from(api.profile.ca), 'the root certificate');
    const authorities = await fetchAuthorities(api);
    return new IssuedCheck(
      anchors,
      authorities.map(({ certificate }) => certificate),
      now,
    );
  }

  /** Why it is not; undefined where it is. `csr`: base64 of DER, as it was sent. */
  faultOf(csr: string | undefined, { certificate, serialNumber }: Issued): string | undefined {
    if (csr === undefined) return 'it has a certificate, and no request';
    try {
      const issued = parseCertificate(octetsOf(certificate));
      const { subjectPublicKeyInfo } = parseCertificationRequest(octetsOf(csr));
      if (!equalBytes(issued.subjectPublicKeyInfo, subjectPublicKeyInfo)) return 'its certificate is for another key';
      if (toHex(issued.serialNumber) !== serialNumber) return 'its certificate has another serial number';
      return this.pathFault(issued);
    } catch (error) {
      if (error instanceof X509Error) return `its certificate or its request cannot be read: ${error.code}`;
      throw error;
    }
  }

  private pathFault(issued: Certificate): string | undefined {
    const judged = judgePath({
      chain: [issued],
      anchors: [...this.proven, ...this.anchors],
      intermediates: this.intermediates,
      at: Math.max(this.now(), issued.notBefore),
      // an IDevID has no extKeyUsage
      purpose: 'any',
    });
    if (!judged.ok) return `its certificate does not lead to the root: ${judged.error.code}`;
    const [, issuer] = judged.path;
    if (issuer && ![...this.proven, ...this.anchors].includes(issuer)) this.proven.push(issuer);
    return undefined;
  }
}

const octetsOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));
