import { DerError, DerReader, Oid, Tag } from '@touchmark/der';
import { attributeTexts, type Certificate, type GeneralName, isEmptyName } from '@touchmark/x509';

/** What name constraints look at in a certificate. */
export interface NamedCertificate {
  readonly certificate: Pick<Certificate, 'subject'>;
  readonly subjectAltName: readonly GeneralName[] | undefined;
}

/** The RFC's words for forms of names; hardwareModuleName is the otherName of RFC 4108. */
export type NameKind = Exclude<GeneralName['kind'], 'unsupported'> | 'x400Address' | 'ediPartyName';

export function kindOf(name: GeneralName): NameKind {
  if (name.kind !== 'unsupported') return name.kind;
  return ((name.der[0] ?? 0) & 0x1f) === 3 ? 'x400Address' : 'ediPartyName';
}

/** The form of a name: its kind, and of an otherName its type too, since each type-id makes a form of its own. */
export function formOf(name: GeneralName): string {
  return name.kind === 'otherName' ? `otherName ${name.typeId}` : kindOf(name);
}

type NamesByForm = ReadonlyMap<string, readonly GeneralName[]>;
const known = new WeakMap<NamedCertificate, NamesByForm>();

/**
 * All names that are subject to constraints (RFC 5280 4.2.1.10, 6.1.3 (b)): subjectAltName; as directoryName the subject, unless it is
 * empty; as rfc822Name every SmtpUTF8Mailbox (RFC 9598 section 6) and, without a subjectAltName, each emailAddress of the subject.
 */
export function namesByForm(certificate: NamedCertificate): NamesByForm {
  let names = known.get(certificate);
  if (names === undefined) {
    names = Map.groupBy(namesOf(certificate), formOf);
    known.set(certificate, names);
  }
  return names;
}

function namesOf({ certificate: { subject }, subjectAltName }: NamedCertificate): readonly GeneralName[] {
  const mailboxes = subjectAltName?.flatMap(smtpUtf8Mailbox) ?? emailAddresses(subject);
  const names: GeneralName[] = isEmptyName(subject) ? [] : [{ kind: 'directoryName', value: subject }];
  return [...names, ...(subjectAltName ?? []), ...mailboxes];
}

function emailAddresses(subject: Uint8Array): readonly GeneralName[] {
  return attributeTexts(subject, Oid.emailAddress).map(mailbox);
}

function smtpUtf8Mailbox(name: GeneralName): readonly GeneralName[] {
  if (name.kind !== 'otherName' || name.typeId !== Oid.smtpUTF8Mailbox) return [];
  const isUtf8 = name.value[0] === Tag.UTF8_STRING;
  return [mailbox(isUtf8 ? textOf(name.value) : undefined)];
}

function textOf(element: Uint8Array): string | undefined {
  try {
    return new DerReader(element).readString();
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}

// An address that cannot be read stays a name that has to be permitted: as text that is no mailbox.
function mailbox(text = ''): GeneralName {
  return { kind: 'rfc822Name', value: text };
}
