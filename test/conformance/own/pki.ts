import { Oid } from '@touchmark/der';
import { TestCa, type TestCertificate, type TestCertificateOptions } from '@touchmark/testkit';
import { encodeName, type EncodableName } from '@touchmark/x509';

/** What x509-limbo's builder makes when nothing else is asked for: every certificate is for example.com, CAs too. */
const NAMES: TestCertificateOptions['subjectAltName'] = [{ kind: 'dNSName', value: 'example.com' }];

let made = 0;

/** A self-signed root; authorityKeyIdentifier only where `options` have it. */
export function root(options: TestCertificateOptions = {}): TestCa {
  return TestCa.root({ subject: 'Root', subjectAltName: NAMES, authorityKeyIdentifier: null, ...options });
}

/** An intermediate CA with a name of its own, so that nothing is self-issued by accident. */
export function ica(issuer: TestCa, options: TestCertificateOptions = {}): TestCa {
  made++;
  return issuer.issueCa({ subject: `Intermediate ${made}`, subjectAltName: NAMES, ...options });
}

export function leaf(issuer: TestCa, options: TestCertificateOptions = {}): TestCertificate {
  return issuer.issue(leafOptions(options));
}

/** The same for end entities that no reader takes. */
export function leafDer(issuer: TestCa, options: TestCertificateOptions = {}): { der: Uint8Array } {
  return { der: issuer.issueDer(leafOptions(options)) };
}

function leafOptions(options: TestCertificateOptions): TestCertificateOptions {
  return { subject: 'example.com', subjectAltName: NAMES, extKeyUsage: [Oid.serverAuth], ...options };
}

export const dns = (value: string): EncodableName => ({ kind: 'dNSName', value });
export const email = (value: string): EncodableName => ({ kind: 'rfc822Name', value });
export const uri = (value: string): EncodableName => ({ kind: 'uniformResourceIdentifier', value });
export const ip = (...octets: number[]): EncodableName => ({ kind: 'iPAddress', value: Uint8Array.from(octets) });
/** A directoryName of one commonName. */
export const dn = (value: string): EncodableName => ({ kind: 'directoryName', value: commonName(value) });

/** DER of a Name of one commonName; of none if the text is empty. */
export function commonName(value: string): Uint8Array {
  return encodeName(value === '' ? [] : [{ type: Oid.commonName, value }]);
}
