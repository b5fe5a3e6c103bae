import { createHash } from 'node:crypto';
import type { CaPort, SightingOutcome } from '@touchmark/ca-port';
import { EnrollmentError } from '../enrollment-error.js';

/** A certificate that a gateway let in. */
export interface GatewaySighting {
  /** DER. */
  readonly certificate: Uint8Array;
  /** UTC seconds, by the gateway's clock. */
  readonly at: number;
  /** Network address of the device. */
  readonly source: string;
}

/** Port: the registry's side of a sighting. */
export interface NoteSightings {
  /** Devices whose certificate was used for the first time. */
  firstSeen(deviceRefs: readonly string[], gateway: string): Promise<void>;
  lastSeen(sightings: readonly { readonly deviceRef: string; readonly at: number }[]): Promise<void>;
}

/**
 * Port: hears of a certificate that a gateway let in and the CA does not have. If it is signed by one of our CAs, either the database
 * has lost it (a restore: rule 9) or somebody else signs with our key.
 */
export interface UnknownCertificates {
  found(sighting: GatewaySighting, gateway: string): Promise<void>;
}

export interface SightingsReport {
  readonly accepted: number;
  readonly unknown: number;
}

/** Seconds that a gateway's clock may be ahead of ours before its word is not taken. */
const MAX_AHEAD = 60;

interface Seen extends GatewaySighting {
  readonly count: number;
}

/** What gateways saw: the CA learns which certificates are in use (rule 4), the registry when a device was last there. */
export class ReportSightings {
  private readonly ca: Pick<CaPort, 'confirmSeen'>;
  private readonly registry: NoteSightings;
  private readonly unknown: UnknownCertificates;
  private readonly now: () => number;

  constructor(
    ca: Pick<CaPort, 'confirmSeen'>,
    registry: NoteSightings,
    unknown: UnknownCertificates,
    now: () => number,
  ) {
    this.ca = ca;
    this.registry = registry;
    this.unknown = unknown;
    this.now = now;
  }

  /**
   * Safe to repeat. Rejects with CaUnavailableError or the CA's code where it could not answer for each: nothing was lost then,
   * the gateway sends them again.
   */
  async run(gateway: string, sightings: readonly GatewaySighting[]): Promise<SightingsReport> {
    const seen = this.latestOfEach(sightings);
    const outcomes = await this.ca.confirmSeen(seen.map(({ certificate, at }) => ({ certificate, at })));
    const known: { deviceRef: string; at: number; first: boolean }[] = [];
    const unknown: Seen[] = [];
    for (const [i, one] of seen.entries()) {
      const outcome = answered(outcomes[i]);
      if (outcome === undefined) unknown.push(one);
      else known.push({ deviceRef: outcome.deviceRef, at: one.at, first: outcome.firstSighting });
    }
    const first = known.flatMap((one) => (one.first ? [one.deviceRef] : []));
    if (first.length > 0) await this.registry.firstSeen([...new Set(first)], gateway);
    await this.registry.lastSeen(known);
    for (const one of unknown) await this.unknown.found(one, gateway);
    const count = unknown.reduce((sum, one) => sum + one.count, 0);
    return { accepted: sightings.length - count, unknown: count };
  }

  private latestOfEach(sightings: readonly GatewaySighting[]): Seen[] {
    const now = this.now();
    const seen = new Map<string, Seen>();
    for (const sighting of sightings) {
      const key = createHash('sha256').update(sighting.certificate).digest('base64');
      const at = sighting.at > now + MAX_AHEAD ? now : Math.min(sighting.at, now);
      const before = seen.get(key);
      const count = (before?.count ?? 0) + 1;
      seen.set(key, before !== undefined && before.at >= at ? { ...before, count } : { ...sighting, at, count });
    }
    return [...seen.values()];
  }
}

/** Undefined for a certificate that the CA does not have; throws where it could not say. */
function answered(outcome: SightingOutcome | undefined) {
  if (outcome === undefined) throw new EnrollmentError('INTERNAL', {}, 'the CA left a sighting without an answer');
  if (outcome.ok) return outcome;
  if (outcome.code !== 'CERTIFICATE_UNKNOWN') throw EnrollmentError.fromRefusal(outcome);
  return undefined;
}
