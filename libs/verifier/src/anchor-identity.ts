import type { GeneralName } from '@touchmark/x509';

import { VerifierError } from './error.js';
import { type Identity, identityAmong } from './identity.js';

/** For whom a trust anchor speaks. */
export interface AnchorIdentity {
  /** `spiffe`: who is below it is whoever its SPIFFE URI says. `any`: never one of ours, whatever it says. */
  readonly kind: 'spiffe' | 'any';
  /** The only realm that it may name, with `spiffe`; any if undefined. */
  readonly realm: string | undefined;
  /** Realms that others speak for: below `any`, no name says that it is of these. */
  readonly reserved: ReadonlySet<string>;
}

const AUTHORITY = /^spiffe:\/\/(?:[^/?#]*@)?([^/?#:]*)/i;

/** Who an end entity with these names is, below such an anchor. Throws VerifierError IDENTITY_MALFORMED. */
export function identityBelow(
  names: readonly GeneralName[],
  { kind, realm, reserved }: AnchorIdentity,
): Identity | undefined {
  if (kind === 'spiffe') {
    const identity = identityAmong(names);
    if (identity !== undefined && realm !== undefined && identity.realm !== realm) throw malformed();
    return identity;
  }
  // Whoever may issue under other names must not be able to issue in the name of one of our devices, nor in one that is taken for it.
  for (const name of names) {
    if (name.kind === 'uniformResourceIdentifier' && reserved.has(trustDomainOf(name.value))) throw malformed();
  }
  return undefined;
}

/** As a lenient reader would find it; empty for what is no SPIFFE URI. */
function trustDomainOf(uri: string): string {
  const domain = AUTHORITY.exec(uri)?.[1] ?? '';
  return percentDecoded(domain).toLowerCase().replace(/\.$/, '');
}

function percentDecoded(text: string): string {
  return text.replaceAll(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

function malformed(): VerifierError {
  return new VerifierError({ code: 'IDENTITY_MALFORMED' });
}
