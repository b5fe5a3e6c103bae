import {
  contextTag,
  DerReader,
  encodeExplicit,
  encodeImplicit,
  encodeSequence,
  encodeSet,
  Oid,
  Tag,
} from '@touchmark/der';

import { X509Error } from '../error.js';
import { readName } from '../name.js';
import { checkCount, MAX_DISTRIBUTION_POINTS, MAX_SYNONYMS } from '../limits.js';
import { parsing, readWhole } from '../parsing.js';
import { encodeGeneralName, type GeneralName, readGeneralNames } from './general-name.js';
import { type ReasonFlag, readReasonFlags } from './reason-flags.js';

/** `DistributionPointName` (RFC 5280 4.2.1.13), read by `distributionPointNames`. */
export type DistributionPointName =
  /** Names of one and the same CRL. */
  | { readonly fullName: readonly GeneralName[] }
  /** DER of a RelativeDistinguishedName, to be put behind the name of who issues the CRL. */
  | { readonly nameRelativeToCRLIssuer: Uint8Array };

export interface DistributionPoint {
  readonly distributionPoint: DistributionPointName | undefined;
  /** Undefined: it covers all reasons. */
  readonly reasons: ReadonlySet<ReasonFlag> | undefined;
  /** Undefined: who issued the certificate. */
  readonly cRLIssuer: readonly GeneralName[] | undefined;
}

export interface IssuingDistributionPoint {
  readonly distributionPoint: DistributionPointName | undefined;
  readonly onlyContainsUserCerts: boolean;
  readonly onlyContainsCACerts: boolean;
  /** Undefined: it covers all reasons. */
  readonly onlySomeReasons: ReadonlySet<ReasonFlag> | undefined;
  readonly indirectCRL: boolean;
  readonly onlyContainsAttributeCerts: boolean;
}

/** RFC 5280 4.2.1.13: at least one point, and each says where or from whom its CRL is. */
export function parseCRLDistributionPoints(value: Uint8Array): readonly DistributionPoint[] {
  return readDistributionPoints(value, Oid.cRLDistributionPoints);
}

/** RFC 5280 4.2.1.15, 5.2.6: the same syntax; where the delta CRLs are. */
export function parseFreshestCRL(value: Uint8Array): readonly DistributionPoint[] {
  return readDistributionPoints(value, Oid.freshestCRL);
}

/**
 * The names of a distribution point. A relative one becomes the directoryName that it means below `crlIssuer`, DER of a Name.
 * Undefined if there is no name.
 */
export function distributionPointNames(
  name: DistributionPointName | undefined,
  crlIssuer: Uint8Array,
): readonly GeneralName[] | undefined {
  if (name === undefined) return undefined;
  if ('fullName' in name) return name.fullName;
  const rdns = new DerReader(crlIssuer).readContents(Tag.SEQUENCE);
  return [{ kind: 'directoryName', value: encodeSequence(rdns, name.nameRelativeToCRLIssuer) }];
}

/** One distribution point; several URIs are several places of the same CRL. */
export function encodeCRLDistributionPoints(uris: readonly string[]): Uint8Array {
  return encodeSequence(encodeSequence(encodeDistributionPointName(uris)));
}

/** RFC 5280 5.2.5: never empty, at most one onlyContains… */
export function parseIssuingDistributionPoint(value: Uint8Array): IssuingDistributionPoint {
  return parsing(
    'EXTENSION_MALFORMED',
    () =>
      readWhole(value, (contents) => {
        const empty = contents.done;
        const distributionPoint = readDistributionPointName(contents);
        const onlyContainsUserCerts = readFlag(contents, 1);
        const onlyContainsCACerts = readFlag(contents, 2);
        const onlySomeReasons = readReasonFlags(contents, contextTag(3));
        const indirectCRL = readFlag(contents, 4);
        const onlyContainsAttributeCerts = readFlag(contents, 5);
        const scopes = [onlyContainsUserCerts, onlyContainsCACerts, onlyContainsAttributeCerts].filter(Boolean).length;
        if (empty || scopes > 1) throw malformed();
        return {
          distributionPoint,
          onlyContainsUserCerts,
          onlyContainsCACerts,
          onlySomeReasons,
          indirectCRL,
          onlyContainsAttributeCerts,
        };
      }),
    Oid.issuingDistributionPoint,
  );
}

/** The fullName is octet for octet the one that `encodeCRLDistributionPoints` writes for the same URIs. */
export function encodeIssuingDistributionPoint(scope: {
  readonly uris: readonly string[];
  readonly onlyContainsUserCerts?: boolean;
  readonly onlyContainsCACerts?: boolean;
}): Uint8Array {
  if (scope.onlyContainsUserCerts && scope.onlyContainsCACerts) throw new TypeError('at most one onlyContains… flag');
  return encodeSequence(
    encodeDistributionPointName(scope.uris),
    ...(scope.onlyContainsUserCerts ? [encodeImplicit(1, Uint8Array.of(0xff))] : []),
    ...(scope.onlyContainsCACerts ? [encodeImplicit(2, Uint8Array.of(0xff))] : []),
  );
}

// distributionPoint [0] DistributionPointName is a CHOICE, so [0] is explicit around fullName [0] GeneralNames.
function encodeDistributionPointName(uris: readonly string[]): Uint8Array {
  if (uris.length === 0) throw new TypeError('a distribution point needs a URI');
  const names = uris.map((value) => encodeGeneralName({ kind: 'uniformResourceIdentifier', value }));
  return encodeExplicit(0, encodeExplicit(0, ...names));
}

function readDistributionPoints(value: Uint8Array, oid: string): readonly DistributionPoint[] {
  return parsing(
    'EXTENSION_MALFORMED',
    () =>
      readWhole(value, (contents) => {
        const points: DistributionPoint[] = [];
        do {
          checkCount(points.length, MAX_DISTRIBUTION_POINTS, contents);
          const point = contents.read(Tag.SEQUENCE);
          const distributionPoint = readDistributionPointName(point);
          const reasons = readReasonFlags(point, contextTag(1));
          const issuer = point.readOptional(contextTag(2, true));
          const cRLIssuer = issuer === undefined ? undefined : readGeneralNames(issuer, MAX_SYNONYMS);
          point.end();
          if (distributionPoint === undefined && cRLIssuer === undefined) {
            throw new X509Error('EXTENSION_MALFORMED', { oid });
          }
          points.push({ distributionPoint, reasons, cRLIssuer });
        } while (!contents.done);
        return points;
      }),
    oid,
  );
}

function readDistributionPointName(reader: DerReader): DistributionPointName | undefined {
  const choice = reader.readOptional(contextTag(0, true));
  if (choice === undefined) return undefined;
  const names = choice.readOptional(contextTag(0, true));
  if (names !== undefined) {
    const fullName = readGeneralNames(names, MAX_SYNONYMS);
    choice.end();
    return { fullName };
  }
  // [1] IMPLICIT RelativeDistinguishedName, checked as the Name of one RDN.
  const rdn = encodeSet(choice.readContents(contextTag(1, true)));
  choice.end();
  readName(new DerReader(encodeSequence(rdn)));
  return { nameRelativeToCRLIssuer: rdn };
}

// [n] IMPLICIT BOOLEAN DEFAULT FALSE: in DER either absent or FF.
function readFlag(reader: DerReader, n: number): boolean {
  if (reader.peekTag() !== contextTag(n)) return false;
  const contents = reader.readContents(contextTag(n));
  if (contents.length !== 1 || contents[0] !== 0xff) throw malformed();
  return true;
}

function malformed(): X509Error {
  return new X509Error('EXTENSION_MALFORMED', { oid: Oid.issuingDistributionPoint });
}
