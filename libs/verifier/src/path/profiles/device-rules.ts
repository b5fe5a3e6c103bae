import type { PathCertificate } from '../path-certificate.js';
import type { DeviceRule } from './profile.js';

/** The first rule that the end entity breaks. */
export function brokenDeviceRule({ keyUsage }: PathCertificate): DeviceRule | undefined {
  if (keyUsage?.has('keyCertSign')) return 'keyCertSign in end entity';
  return keyUsage?.has('cRLSign') ? 'cRLSign in end entity' : undefined;
}
