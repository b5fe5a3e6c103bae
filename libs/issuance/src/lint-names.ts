import { DerReader, equalBytes, Oid, Tag } from '@touchmark/der';
import { type Certificate, type GeneralName, parseSubjectAltName } from '@touchmark/x509';

import type { CertificateFields } from './certificate-names.js';
import { parseIpAddress } from './ip-address.js';
import type { Profile } from './profile.js';
import type { CertificateFacts, TemplateFacts } from './template-facts.js';

type NameFacts = TemplateFacts & Pick<CertificateFacts, 'fields'>;

/** One attribute in each RDN, in the order of the profile; serialNumber a PrintableString, the others UTF8String. */
export function keepsSubject({ subject }: Certificate, { profile, fields }: NameFacts): boolean {
  const name = new DerReader(subject).read(Tag.SEQUENCE);
  for (const { type, from } of profile.subject) {
    const expected = from === 'firstName' ? (fields.dnsNames?.[0] ?? fields.ipAddresses?.[0]) : fields[from];
    const tag = type === 'serialNumber' ? Tag.PRINTABLE_STRING : Tag.UTF8_STRING;
    const rdn = name.read(Tag.SET);
    const attribute = rdn.read(Tag.SEQUENCE);
    rdn.end();
    if (attribute.readOid() !== Oid[type] || attribute.peekTag() !== tag || attribute.readString() !== expected) {
      return false;
    }
    attribute.end();
  }
  return name.done;
}

/** Every name that the profile makes of the fields, in its order, and nothing behind them. */
export function keepsSubjectAltName(value: Uint8Array, { profile, fields }: NameFacts): boolean {
  const rest = [...parseSubjectAltName(value)];
  return (
    profile.subjectAltName.every((form) => {
      const expected = form === 'serverNames' ? serverNameCount(fields) : 1;
      const found = rest.splice(0, expected);
      return found.length === expected && found.every((name, index) => EXPECTATIONS[form](name, fields, index));
    }) && rest.length === 0
  );
}

type Expectation = (name: GeneralName, fields: CertificateFields, index: number) => boolean;

const EXPECTATIONS: Readonly<Record<Profile['subjectAltName'][number], Expectation>> = {
  hardwareModuleName: (name, { hwType, deviceSerial }) =>
    name.kind === 'hardwareModuleName' &&
    name.hwType === hwType &&
    Buffer.from(name.hwSerialNum).toString('latin1') === deviceSerial,
  deviceUri: (name, { realm, model, deviceSerial }) => isSpiffeId(name, realm, 'device', `${model}/${deviceSerial}`),
  gatewayUri: (name, fields) => isSpiffeId(name, fields.realm, 'gateway', fields.name),
  serviceUri: (name, fields) => isSpiffeId(name, fields.realm, 'service', fields.name),
  statusUri: (name, fields) => isSpiffeId(name, fields.realm, 'status', fields.name),
  serverNames: isServerName,
};

const SPIFFE_ID = /^spiffe:\/\/[^/]+\/(?:(device)\/[^/]+|(gateway|service|status))\/[^/]+$/;

// The kind is read from the URI too: a slash in a field must not move it.
function isSpiffeId(name: GeneralName, realm: string | undefined, kind: string, path: string | undefined): boolean {
  if (name.kind !== 'uniformResourceIdentifier' || name.value !== `spiffe://${realm}/${kind}/${path}`) return false;
  const [, device, other] = SPIFFE_ID.exec(name.value) ?? [];
  return (device ?? other) === kind;
}

function isServerName(name: GeneralName, fields: CertificateFields, index: number): boolean {
  const dnsNames = fields.dnsNames ?? [];
  if (index < dnsNames.length) return name.kind === 'dNSName' && name.value === dnsNames[index];
  const address = parseIpAddress(fields.ipAddresses?.[index - dnsNames.length] ?? '');
  return name.kind === 'iPAddress' && address !== undefined && equalBytes(name.value, address);
}

function serverNameCount(fields: CertificateFields): number {
  return (fields.dnsNames?.length ?? 0) + (fields.ipAddresses?.length ?? 0);
}
