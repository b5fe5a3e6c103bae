/**
 * Who a certificate is for. `realm` is a SPIFFE trust domain name, `model` and `deviceSerial` follow the alphabets of
 * docs/glossary.md. Two serials that differ only in case name the same device.
 */
export interface DeviceIdentity {
  readonly realm: string;
  readonly model: string;
  readonly deviceSerial: string;
}

/** What an IDevID says about the hardware beyond the identity. `hwType` is a dotted OID (RFC 4108 section 5). */
export interface HardwareDescription {
  readonly hwType: string;
  readonly organization: string;
}
