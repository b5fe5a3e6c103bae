import { isDeviceSerial, isModel, isRealm } from '@touchmark/lifecycle';
import { parseSpiffeId } from '@touchmark/verifier';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { type CertificateFields, deviceUri, encodeCertificateNames } from './certificate-names.js';
import { parseIpAddress } from './ip-address.js';
import { type BuiltInProfileName, profileByName } from './profiles.js';

const device = { realm: 'devices.local', organization: 'Acme', model: 'm-1', deviceSerial: 'SN-1', hwType: '2.25.1' };

describe('encodeCertificateNames', () => {
  const refused: readonly (readonly [BuiltInProfileName, CertificateFields, string])[] = [
    ['idevid', { ...device, organization: '' }, 'organization'],
    ['idevid', { ...device, organization: 'a\u0000b' }, 'organization'],
    ['idevid', { ...device, organization: 'x'.repeat(65) }, 'organization'],
    ['idevid', { ...device, model: 'Upper' }, 'model'],
    ['idevid', { ...device, hwType: '3.1.2' }, 'hwType'],
    ['idevid', { ...device, hwType: '1.40.2' }, 'hwType'],
    ['ldevid', { ...device, realm: 'a/b' }, 'realm'],
    ['ldevid', { ...device, realm: 'a..b' }, 'realm'],
    ['ldevid', { ...device, realm: '.' }, 'realm'],
    ['ldevid', { ...device, deviceSerial: 'a_b' }, 'deviceSerial'],
    ['ldevid', { ...device, deviceSerial: 'a b' }, 'deviceSerial'],
    ['ldevid', { ...device, deviceSerial: 'x'.repeat(65) }, 'deviceSerial'],
    ['ldevid', { ...device, deviceSerial: '..' }, 'deviceSerial'],
    ['ldevid', { ...device, deviceSerial: 'SN\n1' }, 'deviceSerial'],
    ['ldevid', { realm: 'devices.local', model: 'm-1' }, 'deviceSerial'],
    ['gateway-client', { realm: 'devices.local', name: 'a/../b' }, 'name'],
    ['gateway-client', { realm: 'devices.local', name: '..' }, 'name'],
    ['tls-server', {}, 'dnsNames'],
    ['tls-server', { dnsNames: ['a_b.example'] }, 'dnsNames'],
    ['tls-server', { dnsNames: ['*.example.com'] }, 'dnsNames'],
    ['tls-server', { dnsNames: ['ok.example', '10.0.0.1'] }, 'dnsNames'],
    ['tls-server', { dnsNames: [`${'a'.repeat(60)}.example.com`] }, 'dnsNames'],
    ['tls-server', { ipAddresses: ['10.0.0.256'] }, 'ipAddresses'],
    ['tls-server', { ipAddresses: ['fe80::1%eth0'] }, 'ipAddresses'],
  ];
  it.each(refused)('refuses names of %s outside their alphabet: %j', (profile, fields, field) => {
    expect(() => encodeCertificateNames(profileByName(profile), fields)).toThrow(
      expect.objectContaining({ code: 'NAME_INVALID', context: { field } }),
    );
  });

  it('makes the same octets of the same fields, and other octets of others', () => {
    const profile = profileByName('idevid');
    const encode = (fields: CertificateFields) => {
      const { subject, subjectAltName } = encodeCertificateNames(profile, fields);
      return Buffer.concat([subject, subjectAltName ?? new Uint8Array()]).toString('hex');
    };
    expect(encode(device)).toBe(encode({ ...device }));
    const others = [{ organization: 'Acmf' }, { model: 'm-2' }, { deviceSerial: 'SN-2' }, { hwType: '2.25.2' }];
    const all = new Set([encode(device), ...others.map((other) => encode({ ...device, ...other }))]);
    expect(all.size).toBe(5);
  });

  it('takes the very names that libs/lifecycle registers and the verifier reads', () => {
    const texts = fc.oneof(fc.stringMatching(/^[a-zA-Z0-9._/ -]{0,6}$/), fc.string({ maxLength: 4 }));
    const { realm, model, deviceSerial } = device;
    fc.assert(
      fc.property(texts, (text) => {
        const asRealm = takes('ldevid', { ...device, realm: text });
        expect([isRealm(text), reads(`${text}/device/${model}/${deviceSerial}`)]).toEqual([asRealm, asRealm]);
        const asModel = takes('ldevid', { ...device, model: text });
        expect([isModel(text), reads(`${realm}/device/${text}/${deviceSerial}`)]).toEqual([asModel, asModel]);
        const asSerial = takes('ldevid', { ...device, deviceSerial: text });
        expect([isDeviceSerial(text), reads(`${realm}/device/${model}/${text}`)]).toEqual([asSerial, asSerial]);
        expect(reads(`${realm}/gateway/${text}`)).toBe(takes('gateway-client', { realm, name: text }));
        expect(reads(`${realm}/service/${text}`)).toBe(takes('service', { realm, name: text }));
        expect(reads(`${realm}/status/${text}`)).toBe(takes('status-signer', { realm, name: text }));
      }),
      { numRuns: 500, examples: [['.'], ['a..b'], ['.a'], ['a.'], ['a_b'], ['..'], ['a\n'], ['a-b.c']] },
    );
  });

  it('names a device by its URI', () => {
    expect(deviceUri(device)).toBe('spiffe://devices.local/device/m-1/SN-1');
  });
});

describe('parseIpAddress', () => {
  it.each([
    ['192.0.2.1', 'c0000201'],
    ['::', '00000000000000000000000000000000'],
    ['::1', '00000000000000000000000000000001'],
    ['2001:db8::', '20010db8000000000000000000000000'],
    ['2001:DB8:1:2:3:4:5:6', '20010db8000100020003000400050006'],
    ['::ffff:192.0.2.1', '00000000000000000000ffffc0000201'],
    ['64:ff9b::192.0.2.33', '0064ff9b0000000000000000c0000221'],
  ])('reads %s', (text, hex) => {
    expect(Buffer.from(parseIpAddress(text) ?? []).toString('hex')).toBe(hex);
  });

  it.each(['', '1.2.3', '01.2.3.4', ':::', '1::2::3', 'example.com', '::1%lo'])('refuses %j', (text) => {
    expect(parseIpAddress(text)).toBeUndefined();
  });
});

function takes(profile: BuiltInProfileName, fields: CertificateFields): boolean {
  try {
    encodeCertificateNames(profileByName(profile), fields);
    return true;
  } catch {
    return false;
  }
}

function reads(rest: string): boolean {
  return parseSpiffeId(`spiffe://${rest}`) !== undefined;
}
