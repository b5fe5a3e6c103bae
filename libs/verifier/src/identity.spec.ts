import { encodeExtension, type EncodableName, type GeneralName } from '@touchmark/x509';
import { encodeNull, Oid } from '@touchmark/der';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { TestCa } from '@touchmark/testkit';

import { formatSpiffeId, type Identity, parseSpiffeId, readIdentity } from './identity.js';

const root = TestCa.root();
const DEVICE = 'spiffe://devices.local/device/m-1/A-1.2';

function uri(value: string): GeneralName & { kind: 'uniformResourceIdentifier' } {
  return { kind: 'uniformResourceIdentifier', value } as const;
}

function identityOf(...names: EncodableName[]): Identity | undefined {
  return readIdentity(root.issue({ subject: 'spiffe://devices.local/device/m/X', subjectAltName: names }).certificate);
}

describe('readIdentity', () => {
  it('reads a device from its URI, whatever else is there', () => {
    const device = { kind: 'device', realm: 'devices.local', model: 'm-1', deviceSerial: 'A-1.2' };
    expect(identityOf(uri(DEVICE))).toEqual(device);
    const module = { kind: 'hardwareModuleName', hwType: '1.2.3', hwSerialNum: Buffer.from('OTHER') } as const;
    expect(identityOf(module, uri(DEVICE))).toEqual(device);
  });

  it.each(['gateway', 'service', 'status'] as const)('reads a %s', (kind) => {
    expect(identityOf(uri(`spiffe://r/${kind}/n-1`))).toEqual({ kind, realm: 'r', name: 'n-1' });
    expect(identityOf(uri(`spiffe://r/${kind}/n_1.a`))).toEqual({ kind, realm: 'r', name: 'n_1.a' });
  });

  it('finds none without a SPIFFE URI, in subject or other names', () => {
    expect(identityOf({ kind: 'dNSName', value: DEVICE })).toBeUndefined();
    expect(identityOf(uri('https://devices.local/device/m/A'))).toBeUndefined();
    expect(readIdentity(root.issue().certificate)).toBeUndefined();
  });

  it.each<[string, readonly string[]]>([
    ['two SPIFFE URIs', [DEVICE, 'spiffe://devices.local/device/m-1/B']],
    ['another URI beside it', ['https://a.example/', DEVICE]],
    ['upper case in the scheme', ['SPIFFE://devices.local/device/m/A']],
    ['upper case in the realm', ['spiffe://Devices.local/device/m/A']],
    ['upper case in the model', ['spiffe://devices.local/device/M/A']],
    ['a realm of dots', ['spiffe://./device/m/A']],
    ['a realm with two dots together', ['spiffe://a..b/device/m/A']],
    ['a realm that ends with a dot', ['spiffe://devices.local./device/m/A']],
    ['a realm that begins with a dot', ['spiffe://.local/device/m/A']],
    ['an underscore in the serial', ['spiffe://devices.local/device/m/A_1']],
    ['a port', ['spiffe://devices.local:443/device/m/A']],
    ['a user', ['spiffe://u@devices.local/device/m/A']],
    ['an unknown kind', ['spiffe://devices.local/admin/m/A']],
    ['no serial', ['spiffe://devices.local/device/m']],
    ['an empty serial', ['spiffe://devices.local/device/m/']],
    ['a segment more', ['spiffe://devices.local/device/m/A/B']],
    ['a trailing slash', ['spiffe://devices.local/device/m/A/']],
    ['a query', ['spiffe://devices.local/device/m/A?x']],
    ['an escape', ['spiffe://devices.local/device/m/A%2fB']],
    ['a dot segment', ['spiffe://devices.local/device/m/..']],
    ['a serial of 65 characters', [`spiffe://devices.local/device/m/${'A'.repeat(65)}`]],
    ['a line feed at the end', ['spiffe://devices.local/device/m/A\n']],
    ['a NUL', ['spiffe://devices.local/device/m/A\0']],
    ['a gateway with a segment more', ['spiffe://devices.local/gateway/g/x']],
  ])('refuses %s', (_name, uris) => {
    expect(() => identityOf(...uris.map(uri))).toThrow(expect.objectContaining({ code: 'IDENTITY_MALFORMED' }));
  });

  it('refuses a subjectAltName that is none', () => {
    const extraExtensions = [encodeExtension(Oid.subjectAltName, false, encodeNull())];
    const { certificate } = root.issue({ extraExtensions });
    expect(() => readIdentity(certificate)).toThrow(expect.objectContaining({ code: 'IDENTITY_MALFORMED' }));
  });
});

describe('formatSpiffeId', () => {
  it('writes what parseSpiffeId reads', () => {
    const realm = fc.stringMatching(/^[a-z0-9-]{1,20}(\.[a-z0-9-]{1,20}){0,2}$/);
    const segment = fc.stringMatching(/^[A-Za-z0-9-][A-Za-z0-9.-]{0,62}$/);
    const device = fc.record({
      kind: fc.constant('device' as const),
      realm,
      model: fc.stringMatching(/^[a-z0-9-]{1,63}$/),
      deviceSerial: segment,
    });
    const name = fc.stringMatching(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/);
    const other = fc.record({ kind: fc.constantFrom('gateway' as const, 'status' as const), realm, name });
    fc.assert(
      fc.property(fc.oneof(device, other), (identity) => {
        expect(parseSpiffeId(formatSpiffeId(identity))).toEqual(identity);
      }),
    );
  });

  it('refuses to write what it would not read, as misuse', () => {
    expect(() => formatSpiffeId({ kind: 'device', realm: 'r', model: 'm/x', deviceSerial: 'A' })).toThrow(TypeError);
    expect(() => formatSpiffeId({ kind: 'gateway', realm: 'r', name: '' })).toThrow(TypeError);
  });
});
