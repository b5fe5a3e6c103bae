import type { DeviceProfile } from './issue.js';
import type { CaRefusal } from './refusal.js';
import type { DeviceIdentity } from './identity.js';

/**
 * Lets first certificates be issued, counts down in the CA: a batch (any deviceSerial of one model, `size` devices), or a
 * token (one device, one certificate). `validUntil` in UTC seconds.
 */
export type WarrantRequest =
  | {
      readonly kind: 'batch';
      readonly warrantId: string;
      readonly realm: string;
      readonly model: string;
      readonly profile: DeviceProfile;
      readonly size: number;
      readonly validUntil: number;
    }
  | {
      readonly kind: 'token';
      readonly warrantId: string;
      readonly identity: DeviceIdentity;
      readonly profile: DeviceProfile;
      readonly validUntil: number;
    };

export type WarrantOutcome = { readonly ok: true; readonly warrantId: string } | CaRefusal;
