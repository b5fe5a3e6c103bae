import { caRefusalCodes, type ServiceRenewalOutcome, type ServiceRenewalRequest } from '@touchmark/ca-port';
import { z } from 'zod';
import type { ServiceClient } from './service-client.js';

const Renewed = z.object({
  certificate: z.base64(),
  issuerCertificate: z.base64(),
  notBefore: z.int(),
  notAfter: z.int(),
});
const Refused = z.object({ code: z.enum(caRefusalCodes), detail: z.string().optional() });

const base64 = (octets: Uint8Array): string => Buffer.from(octets).toString('base64');
const octets = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));

/** Has a certificate renewed through the service, which brings the request to the CA. What comes back, the caller checks. */
export const relayRenewal =
  (service: Pick<ServiceClient, 'post'>) =>
  async ({ certificate, csr, proof }: ServiceRenewalRequest): Promise<ServiceRenewalOutcome> => {
    const { status, body } = await service.post('/v1/gateways/self/certificate', {
      csr: base64(csr),
      proof: base64(proof),
      certificate: base64(certificate),
    });
    const renewed = status === 201 ? Renewed.safeParse(body) : undefined;
    if (renewed?.success) {
      const { data } = renewed;
      return {
        ok: true,
        certificate: octets(data.certificate),
        issuerCertificate: octets(data.issuerCertificate),
        notBefore: data.notBefore,
        notAfter: data.notAfter,
      };
    }
    const refused = Refused.safeParse(body);
    if (!refused.success) throw new Error(`the service answered a renewal with ${status}`);
    return { ok: false, code: refused.data.code, detail: refused.data.detail ?? '' };
  };
