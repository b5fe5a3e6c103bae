import { equalBytes } from '@touchmark/der';
import { type GeneralName, parseSubjectAltName } from '@touchmark/x509';

import type { CertificateFields } from './certificate-names.js';
import { parseIpAddress } from './ip-address.js';
import type { Profile } from './profile.js';

/** The first form of the profile that the extension does not keep, or `surplus`; undefined where it says what it should. */
export function unexpectedSubjectAltName(
  value: Uint8Array | undefined,
  profile: Profile,
  fields: CertificateFields,
): Profile['subjectAltName'][number] | 'surplus' | undefined {
  if (value === undefined) return profile.subjectAltName[0];
  const rest = [...parseSubjectAltName(value)];
  for (const form of profile.subjectAltName) {
    const expected = form === 'serverNames' ? serverNameCount(fields) : 1;
    const found = rest.splice(0, expected);
    if (found.length !== expected || !found.every((name, index) => EXPECTATIONS[form](name, fields, index)))
      return form;
  }
  return rest.length > 0 ? 'surplus' : undefined;
}

type Expectation = (name: GeneralName, fields: CertificateFields, index: number) => boolean;

const EXPECTATIONS: Readonly<Record<Profile['subjectAltName'][number], Expectation>> = {
  hardwareModuleName: (name, { hwType, deviceSerial }) =>
    name.kind === 'hardwareModuleName' &&
    name.hwType === hwType &&
    Buffer.from(name.hwSerialNum).toString('latin1') === deviceSerial,
  deviceUri: (name, { realm, model, deviceSerial }) => isUri(name, `spiffe://${realm}/device/${model}/${deviceSerial}`),
  gatewayUri: (name, fields) => isUri(name, `spiffe://${fields.realm}/gateway/${fields.name}`),
  serviceUri: (name, fields) => isUri(name, `spiffe://${fields.realm}/service/${fields.name}`),
  statusUri: (name, fields) => isUri(name, `spiffe://${fields.realm}/status/${fields.name}`),
  serverNames: isServerName,
};

function isServerName(name: GeneralName, fields: CertificateFields, index: number): boolean {
  const dnsNames = fields.dnsNames ?? [];
  if (index < dnsNames.length) return name.kind === 'dNSName' && name.value === dnsNames[index];
  const address = parseIpAddress(fields.ipAddresses?.[index - dnsNames.length] ?? '');
  return name.kind === 'iPAddress' && address !== undefined && equalBytes(name.value, address);
}

function isUri(name: GeneralName, expected: string): boolean {
  return name.kind === 'uniformResourceIdentifier' && name.value === expected;
}

function serverNameCount(fields: CertificateFields): number {
  return (fields.dnsNames?.length ?? 0) + (fields.ipAddresses?.length ?? 0);
}
