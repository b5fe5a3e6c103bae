import type { Certificate } from '@touchmark/x509';
import { z } from 'zod';
import { readCertificates } from '../certificates.js';
import type { Api } from './api.js';

/** A CA as the service describes it: nothing is proven yet. */
export interface Authority {
  readonly id: string;
  readonly kind: string;
  readonly certificate: Certificate;
}

const Item = z.object({ id: z.string(), kind: z.string(), certificate: z.string() });

/** The root and the issuing CAs. */
export async function fetchAuthorities(api: Api): Promise<Authority[]> {
  const { items } = await api.list('/v1/authorities', 'after', 1);
  return items.map((item) => {
    const { id, kind, certificate } = Item.parse(item);
    const [parsed] = readCertificates(Buffer.from(certificate, 'base64'), `authority ${id}`);
    if (!parsed) throw new TypeError('an authority has a certificate');
    return { id, kind, certificate: parsed };
  });
}
