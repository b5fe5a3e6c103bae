import { type DeviceEvent, type DeviceState, nextDeviceState } from '@touchmark/lifecycle';
import {
  type DeviceEventRecord,
  type DeviceRecord,
  type DeviceUpdate,
  insertDeviceEvents,
  insertDevices,
  lockDevices,
  type SubjectView,
  subjectViews,
  type Transaction,
  updateDevices,
} from '@touchmark/store';
import type { DeviceHappening } from './device-happening.js';
import { projectedState, stateBesidesHolds } from './projected-state.js';

/**
 * Brings devices in line with the CA's rows and writes what happened into their history, once per happening. The state is
 * read from the CA under the device's lock, so whoever writes last writes the newest one, in whatever order the answers
 * came back. Answers the devices by deviceRef; one that the CA does not know is left as it is.
 */
export async function followSubjects(
  tx: Transaction,
  happenings: readonly DeviceHappening[],
): Promise<Map<string, DeviceUpdate>> {
  const deviceRefs = [...new Set(happenings.map(({ deviceRef }) => deviceRef))];
  let devices = await lockDevices(tx, deviceRefs);
  const inserted = await insertMissing(tx, deviceRefs, devices);
  if (inserted.size > 0) devices = await lockDevices(tx, deviceRefs);
  const subjects = await subjectViews(tx, deviceRefs);
  const byDevice = Map.groupBy(happenings, ({ deviceRef }) => deviceRef);

  const updates: DeviceUpdate[] = [];
  const events: DeviceEventRecord[] = [];
  const followed = new Map<string, DeviceUpdate>(devices.map((device) => [device.deviceRef, device]));
  for (const device of devices) {
    const subject = subjects.get(device.deviceRef);
    if (!subject) continue;
    const own = byDevice.get(device.deviceRef) ?? [];
    const update = updateOf(device, subject, own);
    followed.set(device.deviceRef, update);
    if (differs(device, update)) updates.push(update);
    events.push(...historyOf(inserted.has(device.deviceRef) ? undefined : device, update, subject, own));
  }
  await updateDevices(tx, updates);
  await insertDeviceEvents(tx, events);
  return followed;
}

/** Whether the registry's row says something else than the CA's. */
export function isBehind(device: DeviceRecord | undefined, subject: SubjectView): boolean {
  return device === undefined || differs(device, updateOf(device, subject, []));
}

/** A device that the registry has not heard of: its line or token was lost between the CA's commit and ours. */
async function insertMissing(
  tx: Transaction,
  deviceRefs: readonly string[],
  devices: readonly DeviceRecord[],
): Promise<Set<string>> {
  const known = new Set(devices.map(({ deviceRef }) => deviceRef));
  const missing = deviceRefs.filter((deviceRef) => !known.has(deviceRef));
  if (missing.length === 0) return new Set();
  const subjects = await subjectViews(tx, missing);
  return insertDevices(
    tx,
    [...subjects.values()].map((subject) => ({
      deviceRef: subject.deviceRef,
      realm: subject.realm,
      model: subject.model,
      deviceSerial: subject.deviceSerial,
      state: projectedState(subject),
      generation: subject.generation,
      batchId: null,
      policyId: null,
    })),
  );
}

function updateOf(device: DeviceRecord, subject: SubjectView, happenings: readonly DeviceHappening[]): DeviceUpdate {
  const batchId = happenings.findLast((one) => one.batchId !== undefined)?.batchId;
  const named = happenings.filter((one) => one.policyId !== undefined);
  const issuedUnder = named.findLast((one) => one.event !== undefined)?.policyId;
  return {
    deviceRef: device.deviceRef,
    // the spelling of the first certificate is the one that stays
    deviceSerial: subject.deviceSerial,
    state: projectedState(subject),
    generation: subject.generation,
    batchId: device.batchId ?? batchId ?? null,
    // a certificate given out once more says nothing new: it fills a gap, and moves no device to another policy
    policyId: issuedUnder ?? device.policyId ?? named.at(-1)?.policyId ?? null,
    // gateways see a device long after the CA has heard of its certificate for the first time
    lastSeenAt: later(device.lastSeenAt, subject.seenAt),
  };
}

function later(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}

function differs(device: DeviceRecord, update: DeviceUpdate): boolean {
  return (
    device.state !== update.state ||
    device.generation !== update.generation ||
    device.lastSeenAt !== update.lastSeenAt ||
    device.batchId !== update.batchId ||
    device.policyId !== update.policyId ||
    device.deviceSerial !== update.deviceSerial
  );
}

/** `before` is undefined for a device that has just been inserted. */
function historyOf(
  before: DeviceRecord | undefined,
  after: DeviceUpdate,
  subject: SubjectView,
  happenings: readonly DeviceHappening[],
): DeviceEventRecord[] {
  const { deviceRef } = after;
  let from: DeviceState | null = before?.state ?? null;
  const events: DeviceEventRecord[] = [];
  const named = happenings.filter((one) => one.event !== undefined);
  for (const [place, { event, actor, detail = {} }] of named.entries()) {
    const name = event === 'issue' && (from === null || from === 'registered') ? 'provision' : event;
    const expected = stateAfter(from ?? 'registered', name, subject);
    // the last happening leads to where the CA is now; the table says where those before it led
    const to: DeviceState = place === named.length - 1 ? after.state : expected;
    const astray = to === expected ? {} : { expected };
    events.push({
      deviceRef,
      event: name ?? 'repair',
      fromState: from,
      toState: to,
      actor,
      detail: { ...detail, ...astray },
    });
    from = to;
  }
  const [first] = happenings;
  if (named.length === 0 && first && (from !== after.state || before?.generation !== after.generation)) {
    const { actor } = first;
    events.push({ deviceRef, event: 'repair', fromState: from, toState: after.state, actor, detail: {} });
  }
  return events;
}

/** Where the state table leads; the same state where it refuses or where the event is one of a certificate. */
function stateAfter(from: DeviceState, event: DeviceHappening['event'], subject: SubjectView): DeviceState {
  if (event === undefined || !isDeviceEvent(event)) return from;
  // holds are counted by cause at the CA: only the last release ends the suspension
  if (event === 'release' && subject.state === 'held') return from;
  const next = nextDeviceState(from, event, stateBesidesHolds(subject));
  return next.ok ? next.state : from;
}

function isDeviceEvent(event: NonNullable<DeviceHappening['event']>): event is DeviceEvent {
  return !event.startsWith('certificate-');
}
