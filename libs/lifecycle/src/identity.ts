// Labels between dots.
const REALM = /^(?=.{1,63}$)[a-z0-9-]+(?:\.[a-z0-9-]+)*$/;
const MODEL = /^[a-z0-9-]{1,63}$/;
// A SPIFFE path segment may not be a relative path modifier, so `.` and `..` name no device.
const DEVICE_SERIAL = /^(?!\.{1,2}$)[A-Za-z0-9.-]{1,64}$/;
// What a pseudonymous LDevID says in the deviceSerial's place: a device of that serial would be taken for the other one.
const PSEUDONYM = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether text is a realm: a SPIFFE trust domain name of 1 to 63 characters, no dot at either end or beside another. */
export function isRealm(text: string): boolean {
  return REALM.test(text);
}

export function isModel(text: string): boolean {
  return MODEL.test(text);
}

/**
 * Whether text is a deviceSerial: 1 to 64 characters, other than `.` and `..`, which SPIFFE forbids as a path segment, and not in
 * the form of a UUID, which is how pseudonyms look.
 */
export function isDeviceSerial(text: string): boolean {
  return DEVICE_SERIAL.test(text) && !PSEUDONYM.test(text);
}
