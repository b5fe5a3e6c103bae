/** States of a device, in the order of its life. */
export const DEVICE_STATES = ['registered', 'provisioned', 'active', 'suspended', 'revoked', 'retired'] as const;

/** What happens to a device. */
export const DEVICE_EVENTS = [
  'provision',
  'issue',
  'sight',
  'suspend',
  'release',
  'revoke',
  'retire',
  'recommission',
] as const;

export type DeviceState = (typeof DEVICE_STATES)[number];
export type DeviceEvent = (typeof DEVICE_EVENTS)[number];

/** Why an event cannot happen to a device in its state. */
export type DeviceRefusalCode =
  | 'DEVICE_NOT_PROVISIONED'
  | 'DEVICE_ALREADY_PROVISIONED'
  | 'DEVICE_SUSPENDED'
  | 'DEVICE_NOT_SUSPENDED'
  | 'DEVICE_REVOKED'
  | 'DEVICE_RETIRED'
  | 'DEVICE_NOT_CLOSED';

/** State in which a hold found the device, and to which its release leads back. */
export type HoldableState = 'registered' | 'provisioned' | 'active';

export type DeviceTransition =
  | { readonly ok: true; readonly state: DeviceState }
  | { readonly ok: false; readonly code: DeviceRefusalCode };

type Cell = DeviceState | DeviceRefusalCode | 'as before the hold';

/**
 * The whole table of (state, event). `docs/device-lifecycle.md` shows the same table; a spec compares the two.
 *
 * - provision: the first certificate of a generation was issued. issue: a further one.
 * - sight: a certificate of the current generation was used, with us or at a gateway. It is a fact, not a command, so
 *   no hold or end refuses it; only a device without certificates cannot have been seen.
 * - suspend: the first hold was placed, or one more. release: the **last** hold fell; holds are counted by cause elsewhere.
 * - revoke, retire: end the lineage. A retired device can still be found compromised; a revoked one stays revoked.
 * - recommission: the hardware starts over, in a new generation.
 */
export const deviceStateTable: Readonly<Record<DeviceState, Readonly<Record<DeviceEvent, Cell>>>> = {
  registered: {
    provision: 'provisioned',
    issue: 'DEVICE_NOT_PROVISIONED',
    sight: 'DEVICE_NOT_PROVISIONED',
    suspend: 'suspended',
    release: 'DEVICE_NOT_SUSPENDED',
    revoke: 'revoked',
    retire: 'retired',
    recommission: 'DEVICE_NOT_CLOSED',
  },
  provisioned: {
    provision: 'DEVICE_ALREADY_PROVISIONED',
    issue: 'provisioned',
    sight: 'active',
    suspend: 'suspended',
    release: 'DEVICE_NOT_SUSPENDED',
    revoke: 'revoked',
    retire: 'retired',
    recommission: 'DEVICE_NOT_CLOSED',
  },
  active: {
    provision: 'DEVICE_ALREADY_PROVISIONED',
    issue: 'active',
    sight: 'active',
    suspend: 'suspended',
    release: 'DEVICE_NOT_SUSPENDED',
    revoke: 'revoked',
    retire: 'retired',
    recommission: 'DEVICE_NOT_CLOSED',
  },
  suspended: {
    provision: 'DEVICE_SUSPENDED',
    issue: 'DEVICE_SUSPENDED',
    sight: 'suspended',
    suspend: 'suspended',
    release: 'as before the hold',
    revoke: 'revoked',
    retire: 'retired',
    recommission: 'DEVICE_NOT_CLOSED',
  },
  revoked: {
    provision: 'DEVICE_REVOKED',
    issue: 'DEVICE_REVOKED',
    sight: 'revoked',
    suspend: 'DEVICE_REVOKED',
    release: 'DEVICE_REVOKED',
    revoke: 'revoked',
    retire: 'DEVICE_REVOKED',
    recommission: 'registered',
  },
  retired: {
    provision: 'DEVICE_RETIRED',
    issue: 'DEVICE_RETIRED',
    sight: 'retired',
    suspend: 'DEVICE_RETIRED',
    release: 'DEVICE_RETIRED',
    revoke: 'revoked',
    retire: 'retired',
    recommission: 'registered',
  },
};

/**
 * State of a device after an event, or the code that refuses it. `beforeHold` is read for a release only: the state
 * in which the first hold found the device.
 */
export function nextDeviceState(
  state: DeviceState,
  event: DeviceEvent,
  beforeHold: HoldableState = 'active',
): DeviceTransition {
  const cell = deviceStateTable[state][event];
  if (cell === 'as before the hold') return { ok: true, state: beforeHold };
  return isDeviceState(cell) ? { ok: true, state: cell } : { ok: false, code: cell };
}

export function isDeviceState(text: string): text is DeviceState {
  return DEVICE_STATES.some((state) => state === text);
}
