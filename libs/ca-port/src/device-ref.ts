import { createHash } from 'node:crypto';
import type { DeviceIdentity } from './identity.js';

/**
 * The name under which every process knows a device: a UUID (version 8) made from realm, model and the lower-cased
 * deviceSerial, so that nobody has to be asked for it and two spellings of one serial meet in one row.
 */
export function deviceRefOf(identity: DeviceIdentity): string {
  const digest = createHash('sha256')
    .update(`${identity.realm}\n${identity.model}\n${identity.deviceSerial.toLowerCase()}`)
    .digest();
  digest.writeUInt8((digest.readUInt8(6) & 0x0f) | 0x80, 6);
  digest.writeUInt8((digest.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = digest.toString('hex', 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
