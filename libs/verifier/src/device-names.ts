import { Oid } from '@touchmark/der';
import { attributeTexts, type Certificate, type GeneralName, parseCertificate } from '@touchmark/x509';

import { VerifierError } from './error.js';
import { subjectAltNamesOf } from './identity.js';

/**
 * By what names a certificate calls a device, for who maps devices of other vendors (their IDevIDs, IEEE 802.1AR) to their own. What is
 * absent is undefined; compare octets and texts as they are.
 */
export interface DeviceNames {
  /** RFC 4108 section 5: the kind of hardware, a dotted OID, and the vendor's octets for the piece. */
  readonly hardwareModuleName: { readonly hwType: string; readonly hwSerialNum: Uint8Array } | undefined;
  /** The serialNumber attribute (2.5.4.5) of the subject; it says nothing without the issuer. */
  readonly subjectSerialNumber: string | undefined;
  /** Every URI of subjectAltName, in order. */
  readonly uris: readonly string[];
}

/**
 * Reads these names of a certificate that was verified before: this reads, it does not check. Throws VerifierError IDENTITY_MALFORMED
 * where one of them cannot be read, is empty or stands there twice: who maps devices must not be handed any of two. X509Error for
 * DER that is no certificate.
 */
export function readDeviceNames(given: Uint8Array | Certificate): DeviceNames {
  const certificate = given instanceof Uint8Array ? parseCertificate(given) : given;
  const names = subjectAltNamesOf(certificate);
  const module = single(names.filter(isHardwareModuleName));
  const serials = attributeTexts(certificate.subject, Oid.serialNumber);
  const subjectSerialNumber = single(serials);
  if (serials.length > 0 && !subjectSerialNumber) throw malformed();
  if (module?.hwSerialNum.length === 0) throw malformed();
  return {
    hardwareModuleName: module && { hwType: module.hwType, hwSerialNum: module.hwSerialNum },
    subjectSerialNumber,
    uris: names.flatMap((name) => (name.kind === 'uniformResourceIdentifier' ? [name.value] : [])),
  };
}

function isHardwareModuleName(name: GeneralName): name is Extract<GeneralName, { kind: 'hardwareModuleName' }> {
  return name.kind === 'hardwareModuleName';
}

function single<T>(found: readonly T[]): T | undefined {
  if (found.length > 1) throw malformed();
  return found[0];
}

function malformed(): VerifierError {
  return new VerifierError({ code: 'IDENTITY_MALFORMED' });
}
