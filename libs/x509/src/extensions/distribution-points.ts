import { contextTag, type DerReader, encodeExplicit, encodeImplicit, encodeSequence, Oid, Tag } from '@touchmark/der';

import { X509Error } from '../error.js';
import { parsing, readWhole } from '../parsing.js';
import { encodeGeneralName, type GeneralName, readGeneralNames } from './general-name.js';

export interface DistributionPoint {
  /** Names of one and the same CRL; undefined for nameRelativeToCRLIssuer or none at all. */
  readonly fullName: readonly GeneralName[] | undefined;
  /** ReasonFlags present: this point does not cover all reasons. */
  readonly onlySomeReasons: boolean;
  readonly cRLIssuer: readonly GeneralName[] | undefined;
}

export interface IssuingDistributionPoint {
  readonly fullName: readonly GeneralName[] | undefined;
  readonly onlyContainsUserCerts: boolean;
  readonly onlyContainsCACerts: boolean;
  readonly onlySomeReasons: boolean;
  readonly indirectCRL: boolean;
  readonly onlyContainsAttributeCerts: boolean;
}

/** RFC 5280 4.2.1.13. */
export function parseCRLDistributionPoints(value: Uint8Array): readonly DistributionPoint[] {
  return parsing(
    'EXTENSION_MALFORMED',
    () =>
      readWhole(value, (contents) => {
        const points: DistributionPoint[] = [];
        do {
          const point = contents.read(Tag.SEQUENCE);
          const fullName = readDistributionPointName(point);
          const onlySomeReasons = skipOptional(point, contextTag(1));
          const issuer = point.readOptional(contextTag(2, true));
          const cRLIssuer = issuer === undefined ? undefined : readGeneralNames(issuer);
          point.end();
          points.push({ fullName, onlySomeReasons, cRLIssuer });
        } while (!contents.done);
        return points;
      }),
    Oid.cRLDistributionPoints,
  );
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
        const fullName = readDistributionPointName(contents);
        const onlyContainsUserCerts = readFlag(contents, 1);
        const onlyContainsCACerts = readFlag(contents, 2);
        const onlySomeReasons = skipOptional(contents, contextTag(3));
        const indirectCRL = readFlag(contents, 4);
        const onlyContainsAttributeCerts = readFlag(contents, 5);
        const scopes = [onlyContainsUserCerts, onlyContainsCACerts, onlyContainsAttributeCerts].filter(Boolean).length;
        if (empty || scopes > 1) throw malformed();
        return {
          fullName,
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

function readDistributionPointName(reader: DerReader): readonly GeneralName[] | undefined {
  const choice = reader.readOptional(contextTag(0, true));
  if (choice === undefined) return undefined;
  const fullName = choice.readOptional(contextTag(0, true));
  if (fullName === undefined) choice.skip(contextTag(1, true));
  choice.end();
  return fullName === undefined ? undefined : readGeneralNames(fullName);
}

// [n] IMPLICIT BOOLEAN DEFAULT FALSE: in DER either absent or FF.
function readFlag(reader: DerReader, n: number): boolean {
  if (reader.peekTag() !== contextTag(n)) return false;
  const contents = reader.readContents(contextTag(n));
  if (contents.length !== 1 || contents[0] !== 0xff) throw malformed();
  return true;
}

function skipOptional(reader: DerReader, tag: number): boolean {
  if (reader.peekTag() !== tag) return false;
  reader.skip(tag);
  return true;
}

function malformed(): X509Error {
  return new X509Error('EXTENSION_MALFORMED', { oid: Oid.issuingDistributionPoint });
}
