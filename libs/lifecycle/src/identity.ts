import { LifecycleError } from './errors.js';

/** A device's identity: the owner of names, the kind of device, and its serial there. */
export interface DeviceIdentity {
  readonly realm: string;
  readonly model: string;
  readonly deviceSerial: string;
}

// Labels between dots.
const REALM = /^(?=.{1,63}$)[a-z0-9-]+(?:\.[a-z0-9-]+)*$/;
const MODEL = /^[a-z0-9-]{1,63}$/;
// A SPIFFE path segment may not be a relative path modifier, so `.` and `..` name no device.
const DEVICE_SERIAL = /^(?!\.{1,2}$)[A-Za-z0-9.-]{1,64}$/;

/** Whether text is a realm: a SPIFFE trust domain name of 1 to 63 characters, no dot at either end or beside another. */
export function isRealm(text: string): boolean {
  return REALM.test(text);
}

export function isModel(text: string): boolean {
  return MODEL.test(text);
}

/** Whether text is a deviceSerial: 1 to 64 characters, other than `.` and `..`, which SPIFFE forbids as a path segment. */
export function isDeviceSerial(text: string): boolean {
  return DEVICE_SERIAL.test(text);
}

/** Code REALM_INVALID. */
export function checkRealm(text: string): void {
  if (isRealm(text)) return;
  throw new LifecycleError('REALM_INVALID', { value: text, allowed: '[a-z0-9-]+ between dots, 63 characters' });
}

/** Code MODEL_INVALID. */
export function checkModel(text: string): void {
  if (!isModel(text)) throw new LifecycleError('MODEL_INVALID', { value: text, allowed: '[a-z0-9-]{1,63}' });
}

/** Code DEVICE_SERIAL_INVALID. */
export function checkDeviceSerial(text: string): void {
  if (isDeviceSerial(text)) return;
  throw new LifecycleError('DEVICE_SERIAL_INVALID', { value: text, allowed: '[A-Za-z0-9.-]{1,64}, not . or ..' });
}

/** Codes REALM_INVALID, MODEL_INVALID, DEVICE_SERIAL_INVALID. */
export function checkDeviceIdentity({ realm, model, deviceSerial }: DeviceIdentity): void {
  checkRealm(realm);
  checkModel(model);
  checkDeviceSerial(deviceSerial);
}

/**
 * The spelling under which a deviceSerial is unique within its realm and model: two serials that differ only in case
 * are one device. Certificates keep the spelling that was registered. Code DEVICE_SERIAL_INVALID.
 */
export function deviceKey(deviceSerial: string): string {
  checkDeviceSerial(deviceSerial);
  return deviceSerial.toLowerCase();
}
