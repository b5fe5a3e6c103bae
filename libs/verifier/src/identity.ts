import { Oid } from '@touchmark/der';
import { type Certificate, type GeneralName, parseSubjectAltName, X509Error } from '@touchmark/x509';

import { VerifierError } from './error.js';

/** Who a certificate is for, by its SPIFFE URI alone: a common name or any other field says nothing. */
export type Identity =
  | { readonly kind: 'device'; readonly realm: string; readonly model: string; readonly deviceSerial: string }
  | { readonly kind: 'gateway' | 'service' | 'status'; readonly realm: string; readonly name: string };

// A trust domain name: labels between dots.
const REALM = /^(?=.{1,63}$)[a-z0-9-]+(?:\.[a-z0-9-]+)*$/;
const MODEL = /^[a-z0-9-]{1,63}$/;
// SPIFFE allows "." and ".." as no path segment.
const DEVICE_SERIAL = /^(?!\.{1,2}$)[A-Za-z0-9.-]{1,64}$/;
const NAME = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,64}$/;
const SCHEME = 'spiffe://';

/**
 * The identity in subjectAltName; undefined if there is no SPIFFE URI. Throws VerifierError IDENTITY_MALFORMED if there is one that
 * is not ours, or another URI beside it. The certificate must have been verified before: this reads, it does not check.
 */
export function readIdentity(certificate: Certificate): Identity | undefined {
  return identityAmong(subjectAltNamesOf(certificate));
}

/** The same from the names of a subjectAltName. */
export function identityAmong(names: readonly GeneralName[]): Identity | undefined {
  const uris = names.flatMap((name) => (name.kind === 'uniformResourceIdentifier' ? [name.value] : []));
  if (!uris.some((uri) => uri.toLowerCase().startsWith(SCHEME))) return undefined;
  const [uri] = uris;
  const identity = uri === undefined || uris.length > 1 ? undefined : parseSpiffeId(uri);
  if (identity === undefined) throw new VerifierError({ code: 'IDENTITY_MALFORMED' });
  return identity;
}

/** The identity that a SPIFFE ID of ours says; undefined for any other text. */
export function parseSpiffeId(uri: string): Identity | undefined {
  if (!uri.startsWith(SCHEME)) return undefined;
  const [realm = '', kind = '', first = '', second, ...rest] = uri.slice(SCHEME.length).split('/');
  if (!REALM.test(realm) || rest.length > 0) return undefined;
  switch (kind) {
    case 'device':
      if (!MODEL.test(first) || second === undefined || !DEVICE_SERIAL.test(second)) return undefined;
      return { kind, realm, model: first, deviceSerial: second };
    case 'gateway':
    case 'service':
    case 'status':
      return NAME.test(first) && second === undefined ? { kind, realm, name: first } : undefined;
    default:
      return undefined;
  }
}

/** Whether a realm can have this name. */
export function isRealm(name: string): boolean {
  return REALM.test(name);
}

/** The SPIFFE ID of an identity. Throws TypeError if a part has other characters than it may. */
export function formatSpiffeId(identity: Identity): string {
  const path = identity.kind === 'device' ? `${identity.model}/${identity.deviceSerial}` : identity.name;
  const uri = `${SCHEME}${identity.realm}/${identity.kind}/${path}`;
  if (parseSpiffeId(uri) === undefined) throw new TypeError('not an identity');
  return uri;
}

/** Names of subjectAltName, none without it. Throws VerifierError IDENTITY_MALFORMED. */
export function subjectAltNamesOf(certificate: Certificate): readonly GeneralName[] {
  const extension = certificate.extensions.get(Oid.subjectAltName);
  if (extension === undefined) return [];
  try {
    return parseSubjectAltName(extension.value);
  } catch (error) {
    if (error instanceof X509Error) throw new VerifierError({ code: 'IDENTITY_MALFORMED' }, error);
    throw error;
  }
}
