/** The OID 2.25.<UUID as an integer> (Rec. ITU-T X.667), which needs no registration. */
export function oidOfUuid(uuid: string): string {
  return `2.25.${BigInt(`0x${uuid.replaceAll('-', '')}`)}`;
}
