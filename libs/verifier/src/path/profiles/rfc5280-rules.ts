import { Oid } from '@touchmark/der';
import { isEmptyName, type KeyUsage } from '@touchmark/x509';

import type { PathCertificate } from '../path-certificate.js';
import { isPreferredName } from './host-name.js';
import type { Position, Rfc5280Rule } from './profile.js';

type Rule = (certificate: PathCertificate, position: Position) => boolean;

const MUST_BE_CRITICAL = new Map<Rfc5280Rule, string>([
  ['nameConstraints not critical', Oid.nameConstraints],
  ['inhibitAnyPolicy not critical', Oid.inhibitAnyPolicy],
]);

// Keys that can do nothing but sign: Ed25519 and Ed448 (RFC 9295 3), RSASSA-PSS (RFC 4055 1.2), ML-DSA (RFC 9881 5).
const SIGNING_ONLY = new Set<string>([Oid.ed25519, Oid.ed448, Oid.rsassaPss, Oid.mlDsa44, Oid.mlDsa65, Oid.mlDsa87]);
const NOT_SIGNING: readonly KeyUsage[] = [
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'encipherOnly',
  'decipherOnly',
];

const BROKEN: readonly (readonly [Rfc5280Rule, Rule])[] = [
  // One that is self-signed may leave it out, and only of an anchor does nobody verify who signed it.
  ['authorityKeyIdentifier missing', (c, { isAnchor }) => !c.authorityKeyIdentifier && !(isAnchor && c.selfIssued)],
  ['subjectKeyIdentifier missing', (c) => isCa(c) && c.subjectKeyIdentifier === undefined],
  ['subject of CA empty', (c) => isCa(c) && isEmptyName(c.certificate.subject)],
  // Section 6.1.4 (k) takes an intermediate CA whose extension is not critical. The anchor's is for its relying party to insist on.
  ['basicConstraints not critical', (c, { isAnchor }) => isAnchor && isNotCritical(c, Oid.basicConstraints)],
  ['keyCertSign without cA', (c) => !isCa(c) && c.keyUsage?.has('keyCertSign') === true],
  ['pathLenConstraint without keyCertSign', hasUselessPathLen],
  ['keyUsage not for key', (c) => SIGNING_ONLY.has(c.key.algorithm) && NOT_SIGNING.some((use) => c.keyUsage?.has(use))],
  ['policyConstraints not critical', hasBarePolicyConstraints],
  ['dNSName malformed', (c) => dnsNames(c).some((name) => !isPreferredName(name))],
];

/** The first rule that the certificate breaks. */
export function brokenRfc5280Rule(
  certificate: PathCertificate,
  position: Position,
  except?: Rfc5280Rule,
): Rfc5280Rule | undefined {
  for (const [rule, oid] of MUST_BE_CRITICAL) if (rule !== except && isNotCritical(certificate, oid)) return rule;
  return BROKEN.find(([, isBroken]) => isBroken(certificate, position))?.[0];
}

export function dnsNames({ subjectAltName = [] }: PathCertificate): readonly string[] {
  return subjectAltName.flatMap((name) => (name.kind === 'dNSName' ? [name.value] : []));
}

// PKITS holds paths valid whose CAs leave it non-critical beside their policies (4.8.10), and it is processed either way. Without a
// policy there is nothing for it to constrain.
function hasBarePolicyConstraints(certificate: PathCertificate): boolean {
  return isNotCritical(certificate, Oid.policyConstraints) && certificate.certificatePolicies === undefined;
}

function isCa({ basicConstraints }: PathCertificate): boolean {
  return basicConstraints?.cA === true;
}

function isNotCritical({ certificate }: PathCertificate, oid: string): boolean {
  return certificate.extensions.get(oid)?.critical === false;
}

function hasUselessPathLen({ basicConstraints, keyUsage }: PathCertificate): boolean {
  return basicConstraints?.pathLenConstraint !== undefined && keyUsage?.has('keyCertSign') === false;
}
