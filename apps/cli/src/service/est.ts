import {
  EstError,
  encodeTransfer,
  EstContentType,
  type EstOperation,
  estMethods,
  parseCertsOnly,
} from '@touchmark/est';
import { CliError } from '../cli-error.js';
import { send } from './http.js';
import { refusalOf } from './refusal.js';

/** How a device proves itself: by certificate and key (PEM), or by an enrollment token. */
export type EstProof =
  | { readonly kind: 'certificate'; readonly cert: string; readonly key: string }
  | { readonly kind: 'token'; readonly token: string };

export interface EstService {
  /** `https://host:port`. */
  readonly url: string;
  /** PEM of the only trust anchor. */
  readonly ca: string;
  readonly label?: string | undefined;
}

/** Certificates of the service's CAs, DER, in no order (RFC 7030 section 4.1). */
export function fetchCaCertificates(service: EstService): Promise<Uint8Array[]> {
  return exchange(service, 'cacerts');
}

/** The certificate for a request, DER (RFC 7030 section 4.2). */
export async function enroll(
  service: EstService,
  operation: 'simpleenroll' | 'simplereenroll',
  csr: Uint8Array,
  proof: EstProof,
): Promise<Uint8Array> {
  const [certificate, ...others] = await exchange(service, operation, csr, proof);
  if (certificate !== undefined && others.length === 0) return certificate;
  throw malformed(service.url);
}

async function exchange(
  { url, ca, label }: EstService,
  operation: EstOperation,
  csr?: Uint8Array,
  proof?: EstProof,
): Promise<Uint8Array[]> {
  const labelled = label === undefined ? '' : `/${encodeURIComponent(label)}`;
  const answer = await send({
    method: estMethods[operation],
    url: `${url}/.well-known/est${labelled}/${operation}`,
    ca,
    client: proof?.kind === 'certificate' ? { cert: proof.cert, key: proof.key } : undefined,
    headers: {
      ...(csr && { 'Content-Type': EstContentType.pkcs10 }),
      ...(proof?.kind === 'token' && { Authorization: `Basic ${Buffer.from(`:${proof.token}`).toString('base64')}` }),
    },
    body: csr && encodeTransfer(csr),
  });
  if (answer.status !== 200) throw refusalOf(answer, url);
  try {
    return parseCertsOnly(new Uint8Array(Buffer.from(answer.body.toString('latin1'), 'base64')));
  } catch (error) {
    if (error instanceof EstError) throw malformed(url, error);
    throw error;
  }
}

function malformed(url: string, cause?: unknown): CliError {
  const hint = 'Is this address the EST port of Touchmark?';
  return new CliError('ANSWER_MALFORMED', `${url} answered something else than certificates`, { hint }, cause);
}
