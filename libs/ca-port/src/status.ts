import type { CaRefusal } from './refusal.js';
import type { DeviceIdentity } from './identity.js';

/** CRLReason names that a caller may give (RFC 5280 section 5.3.1); certificateHold is the act `suspend`. */
export const revocationReasons = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'privilegeWithdrawn',
] as const;
export type RevocationReason = (typeof revocationReasons)[number];

/** Whose status changes: every certificate of a device, or one certificate by its serialNumber. */
export type StatusTarget =
  | { readonly kind: 'device'; readonly identity: DeviceIdentity }
  | { readonly kind: 'certificate'; readonly serialNumber: Uint8Array };

export type StatusChange =
  | { readonly act: 'suspend' | 'release'; readonly target: StatusTarget; readonly cause: string }
  | {
      readonly act: 'revoke';
      readonly target: StatusTarget;
      readonly reason: RevocationReason;
      /** UTC seconds since which the key is known or suspected to be unsafe (RFC 5280 section 5.3.2). */
      readonly invalidityDate?: number;
    }
  /** Device only: ends the lineage for good without calling it compromised; later `recommission` opens a new generation. */
  | { readonly act: 'retire' | 'recommission'; readonly target: StatusTarget };

/** A position of the journal: one gap-free sequence within an epoch. */
export interface JournalPosition {
  readonly epoch: number;
  readonly sequence: number;
}

export interface StatusChanged {
  readonly ok: true;
  /** Position at which the change is durable; afterwards nothing of ours says otherwise (rule 2). */
  readonly position: JournalPosition;
  /** How many seats changed their value. */
  readonly seatsChanged: number;
}

export type StatusOutcome = StatusChanged | CaRefusal;

/** A certificate was used by its holder (EST, or a gateway's report). */
export interface Sighting {
  readonly certificate: Uint8Array;
  readonly at: number;
}

export type SightingOutcome =
  | { readonly ok: true; readonly firstSighting: boolean; readonly deviceRef: string }
  | CaRefusal;
