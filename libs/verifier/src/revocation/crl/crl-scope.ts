import {
  ALL_REASONS,
  type DistributionPoint,
  distributionPointNames,
  type IssuingDistributionPoint,
  type ReasonFlag,
} from '@touchmark/x509';

import type { PathCertificate } from '../../path/path-certificate.js';
import { directoryKey, generalNameKey } from './name-key.js';

/** A set of reasons, one bit each. */
export type ReasonsMask = number;

const BITS: ReadonlyMap<ReasonFlag, number> = new Map([...ALL_REASONS].map((flag, bit) => [flag, 1 << bit]));

export const EVERY_REASON: ReasonsMask = maskOf(undefined);

/** Which certificates a CRL speaks of: its issuingDistributionPoint, ready to be compared (RFC 5280 5.2.5). */
export interface CrlScope {
  /** Undefined: it names no distribution point, so it is for all of them. */
  readonly names: ReadonlySet<string> | undefined;
  readonly reasons: ReasonsMask;
  readonly indirect: boolean;
  readonly only: 'user' | 'ca' | 'attribute' | undefined;
}

/** Where a certificate says that its status is (RFC 5280 4.2.1.13). */
export interface StatusPoint {
  /** What a CRL's distribution point must be called, by one of these names. */
  readonly names: ReadonlySet<string> | undefined;
  readonly reasons: ReasonsMask;
  /** Who issues the CRL if it is not the issuer of the certificate: keys of names. */
  readonly cRLIssuer: ReadonlySet<string> | undefined;
}

/** `crlIssuer` is DER of the Name. */
export function scopeOf(idp: IssuingDistributionPoint | undefined, crlIssuer: Uint8Array): CrlScope {
  if (idp === undefined) return { names: undefined, reasons: EVERY_REASON, indirect: false, only: undefined };
  return {
    names: keysOf(distributionPointNames(idp.distributionPoint, crlIssuer)),
    reasons: maskOf(idp.onlySomeReasons),
    indirect: idp.indirectCRL,
    only: onlyOf(idp),
  };
}

/**
 * The distribution points of a certificate, and at the end the one that every certificate has: the name of its issuer, for CRLs
 * that no distribution point mentions (RFC 5280 6.3.3, after (l)).
 */
export function statusPointsOf({ crlDistributionPoints }: PathCertificate, issuer: Uint8Array): readonly StatusPoint[] {
  const implied = { names: new Set([directoryKey(issuer)]), reasons: EVERY_REASON, cRLIssuer: undefined };
  return [...(crlDistributionPoints ?? []).map((point) => statusPoint(point, issuer)), implied];
}

/** RFC 5280 6.3.3 (b)(2), for a CRL of an issuer that the point means. */
export function isInScope(scope: CrlScope, point: StatusPoint, subject: PathCertificate): boolean {
  if (point.cRLIssuer !== undefined && !scope.indirect) return false;
  const wanted = point.names ?? point.cRLIssuer;
  if (scope.names !== undefined && !(wanted && overlap(scope.names, wanted))) return false;
  if (scope.only === undefined) return true;
  return scope.only === (subject.basicConstraints?.cA === true ? 'ca' : 'user');
}

function statusPoint({ distributionPoint, reasons, cRLIssuer }: DistributionPoint, issuer: Uint8Array): StatusPoint {
  // A relative name hangs below who issues the CRL; with several of them it would be ambiguous (RFC 5280 4.2.1.13).
  const [base] = (cRLIssuer ?? []).flatMap((name) => (name.kind === 'directoryName' ? [name.value] : []));
  return {
    names: keysOf(distributionPointNames(distributionPoint, base ?? issuer)),
    reasons: maskOf(reasons),
    cRLIssuer: keysOf(cRLIssuer),
  };
}

function keysOf(names: ReturnType<typeof distributionPointNames>): ReadonlySet<string> | undefined {
  return names === undefined ? undefined : new Set(names.map(generalNameKey));
}

function maskOf(reasons: ReadonlySet<ReasonFlag> | undefined): ReasonsMask {
  let mask = 0;
  for (const reason of reasons ?? ALL_REASONS) mask |= BITS.get(reason) ?? 0;
  return mask;
}

function onlyOf(idp: IssuingDistributionPoint): CrlScope['only'] {
  if (idp.onlyContainsUserCerts) return 'user';
  if (idp.onlyContainsCACerts) return 'ca';
  return idp.onlyContainsAttributeCerts ? 'attribute' : undefined;
}

function overlap(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  for (const name of a) if (b.has(name)) return true;
  return false;
}
