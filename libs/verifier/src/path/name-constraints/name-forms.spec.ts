import {
  encodeElement,
  encodeNull,
  encodeOid,
  encodeSequence,
  encodeSetOf,
  encodeUtf8String,
  fromHex,
  Oid,
} from '@touchmark/der';
import { encodeName, type GeneralName, X509Error } from '@touchmark/x509';
import { describe, expect, it } from 'vitest';

import { Budget } from '../budget.js';
import { NameSpace } from './name-space.js';

type TextKind = 'dNSName' | 'rfc822Name' | 'uniformResourceIdentifier';

const EMPTY = encodeName([]);
const ip = (hex: string): GeneralName => ({ kind: 'iPAddress', value: fromHex(hex) });
const text = (kind: TextKind, value: string): GeneralName => ({ kind, value });
const o = (...values: string[]): Uint8Array =>
  encodeName(values.map((value) => ({ type: Oid.organizationName, value })));
const directory = (...values: string[]): GeneralName => ({ kind: 'directoryName', value: o(...values) });
const other = (typeId: string, value = encodeNull()): GeneralName => ({ kind: 'otherName', typeId, value });
const emailAddress = (value: string): Uint8Array => encodeName([{ type: Oid.emailAddress, value }]);
const uri = (value: string): GeneralName => text('uniformResourceIdentifier', value);
const smtpUtf8 = (value: string): GeneralName => other(Oid.smtpUTF8Mailbox, encodeUtf8String(value));

/** Whether a certificate with these names may stand below a CA that permits, or excludes, one subtree. */
function allows(side: 'permitted' | 'excluded', base: GeneralName, ...subjectAltName: GeneralName[]): boolean {
  return allowsSubject(side, base, EMPTY, subjectAltName);
}

function allowsSubject(
  side: 'permitted' | 'excluded',
  base: GeneralName,
  subject: Uint8Array,
  subjectAltName?: readonly GeneralName[],
): boolean {
  const space = new NameSpace({ permitted: [], excluded: [], [side]: [base] });
  return space.refusedKind({ certificate: { subject }, subjectAltName }, new Budget()) === undefined;
}

/** In the subtree: permitted by it and excluded by it. */
function isIn(base: GeneralName, name: GeneralName): boolean {
  const permitted = allows('permitted', base, name);
  expect(allows('excluded', base, name)).toBe(!permitted);
  return permitted;
}

/** Neither permitted nor let through by an exclusion: what cannot be read is refused by whoever constrains its form. */
function isRefused(base: GeneralName, name: GeneralName): boolean {
  return !allows('permitted', base, name) && !allows('excluded', base, name);
}

function isMalformed(base: GeneralName): boolean {
  try {
    expect(new NameSpace({ permitted: [], excluded: [base] })).toBeDefined();
    return false;
  } catch (error) {
    return error instanceof X509Error && error.code === 'EXTENSION_MALFORMED';
  }
}

describe('dNSName', () => {
  it.each([
    ['example.com', 'example.com'],
    ['example.com', 'a.example.com'],
    ['example.com', 'a.b.example.com'],
    ['example.com', 'A.Example.COM'],
    ['EXAMPLE.com', 'example.com'],
    ['com', 'example.com'],
    ['', 'example.com'],
    ['', 'localhost'],
    ['example.com', 'a_b.example.com'],
    ['xn--mnchen-3ya.example', 'a.XN--MNCHEN-3YA.example'],
    ['example.com', '*.example.com'],
    ['com', '*.example.com'],
    ['', '*.com'],
  ])('"%s" holds "%s"', (base, name) => {
    expect(isIn(text('dNSName', base), text('dNSName', name))).toBe(true);
  });

  it.each([
    ['example.com', 'notexample.com'],
    ['example.com', 'com'],
    ['a.example.com', 'example.com'],
    ['example.com', 'example.com.evil.test'],
    ['example.com', 'example.org'],
    ['example.com', '192.0.2.1'],
    ['a.b.example.com', '*.example.com'],
    ['example.org', '*.example.com'],
  ])('"%s" does not hold "%s"', (base, name) => {
    expect(isIn(text('dNSName', base), text('dNSName', name))).toBe(false);
  });

  it('a wildcard that reaches into a subtree without lying in it is refused either way (CVE-2025-61727)', () => {
    const wildcard = text('dNSName', '*.Example.com');
    expect(isRefused(text('dNSName', 'bar.example.com'), wildcard)).toBe(true);
    expect(allows('excluded', text('dNSName', 'a.bar.example.com'), wildcard)).toBe(true);
    expect(allows('excluded', text('dNSName', 'bar.example.org'), wildcard)).toBe(true);
  });

  it.each([
    '',
    ' ',
    '.example.com',
    'a.example.com.',
    'a..example.com',
    '*',
    '*.',
    'a.*.example.com',
    'b*.example.com',
    '*.*.com',
    '-a.example.com',
    'a.example.com\0',
    `${'a'.repeat(64)}.example.com`,
  ])('the name "%s" is refused by whoever constrains DNS names', (name) => {
    expect(isRefused(text('dNSName', 'example.com'), text('dNSName', name))).toBe(true);
    expect(isRefused(text('dNSName', ''), text('dNSName', name))).toBe(true);
  });

  it.each(['.example.com', '*.example.com', 'example.com.', '.', '*', 'a b', 'http://example.com'])(
    'the base "%s" is malformed',
    (base) => {
      expect(isMalformed(text('dNSName', base))).toBe(true);
    },
  );
});

describe('iPAddress', () => {
  const v4 = ip('c0000200ffffff00');
  const v6 = ip(`20010db8${'00'.repeat(12)}ffffffff${'00'.repeat(12)}`);

  it('holds addresses of its range, and of its version alone', () => {
    expect(isIn(v4, ip('c0000201'))).toBe(true);
    expect(isIn(v4, ip('c0000301'))).toBe(false);
    expect(isIn(v6, ip(`20010db8${'ff'.repeat(12)}`))).toBe(true);
    expect(isIn(v6, ip(`20010db9${'00'.repeat(12)}`))).toBe(false);
    expect(isRefused(v4, ip(`${'00'.repeat(10)}ffffc0000201`))).toBe(true);
    expect(isIn(v6, ip('20010db8'))).toBe(false);
  });

  it('is compared under its mask, down to the last bit', () => {
    expect(isIn(ip('c0000207ffffff00'), ip('c0000201'))).toBe(true);
    expect(isIn(ip('c0000280ffffff80'), ip('c00002ff'))).toBe(true);
    expect(isIn(ip('c0000280ffffff80'), ip('c000027f'))).toBe(false);
    expect(isIn(ip('0000000000000000'), ip('c0000201'))).toBe(true);
    expect(isIn(ip('c0000201ffffffff'), ip('c0000201'))).toBe(true);
    expect(isIn(ip('c0000201ffffffff'), ip('c0000200'))).toBe(false);
  });
});

describe('rfc822Name', () => {
  it.each([
    ['a@example.com', 'a@EXAMPLE.com'],
    ['example.com', 'a@example.com'],
    ['Example.com', 'a@example.COM'],
    ['example.com', 'a.b+c@example.com'],
    ['.example.com', 'a@b.example.com'],
    ['.example.com', 'a@c.b.example.com'],
    ['*@example.com', '*@example.com'],
    ['example.com', '"a b"@example.com'],
    ['example.com', String.raw`"a\"@evil.test"@example.com`],
    ['"a"@example.com', 'a@example.com'],
    [String.raw`"\a"@example.com`, 'a@example.com'],
    ['"@"@example.com', '"@"@example.com'],
  ])('%s holds %s', (base, name) => {
    expect(isIn(text('rfc822Name', base), text('rfc822Name', name))).toBe(true);
  });

  it.each([
    ['a@example.com', 'A@example.com'],
    ['a@example.com', 'b@example.com'],
    ['a@example.com', 'a@b.example.com'],
    ['example.com', 'a@b.example.com'],
    ['example.com', 'a@notexample.com'],
    ['.example.com', 'a@example.com'],
    ['.example.com', 'a@notexample.com'],
    ['*@example.com', 'a@example.com'],
    ['*@example.com', '*@sub.example.com'],
    ['**@example.com', '*@example.com'],
    ['evil.test', String.raw`"a@evil.test"@example.com`],
  ])('%s does not hold %s', (base, name) => {
    expect(isIn(text('rfc822Name', base), text('rfc822Name', name))).toBe(false);
  });

  it.each([
    '',
    'a',
    '@example.com',
    'a@',
    'a@b@example.com',
    'a b@example.com',
    '.a@example.com',
    'a..b@example.com',
    '"a@example.com',
    'a@[192.0.2.1]',
    'a@192.0.2.1',
    'a@.example.com',
    'a@example.com.',
    '<a@example.com>',
    'a@example.com\0',
    '@x.test:a@example.com',
  ])('the name "%s" is refused by whoever constrains mailboxes', (name) => {
    expect(isRefused(text('rfc822Name', 'example.com'), text('rfc822Name', name))).toBe(true);
  });

  it.each(['', '.', 'invalid@invalid@example.com', '@example.com', '*.example.com', '..example.com', '192.0.2.1'])(
    'the base "%s" is malformed',
    (base) => {
      expect(isMalformed(text('rfc822Name', base))).toBe(true);
    },
  );

  it('is also about SmtpUTF8Mailbox (RFC 9598 section 6), whose host is in A-labels', () => {
    const base = text('rfc822Name', 'example.com');
    expect(isIn(base, smtpUtf8('\u8001\u5e2b@example.com'))).toBe(true);
    expect(isIn(base, smtpUtf8('\u8001\u5e2b@example.org'))).toBe(false);
    expect(isRefused(base, smtpUtf8('\u8001\u5e2b@m\u00fcnchen.example'))).toBe(true);
    // KELVIN SIGN, whose lower case is an ASCII letter
    expect(isRefused(text('rfc822Name', 'k.example'), smtpUtf8('\u8001\u5e2b@\u212a.example'))).toBe(true);
    expect(isRefused(base, other(Oid.smtpUTF8Mailbox))).toBe(true);
    expect(isRefused(base, other(Oid.smtpUTF8Mailbox, fromHex('0c02ff40')))).toBe(true);
  });

  it('is about emailAddress in the subject where there is no subjectAltName', () => {
    const base = text('rfc822Name', 'example.com');
    const names: GeneralName[] = [text('dNSName', 'a')];
    expect(allowsSubject('permitted', base, emailAddress('a@example.com'))).toBe(true);
    expect(allowsSubject('permitted', base, emailAddress('a@example.org'))).toBe(false);
    expect(allowsSubject('excluded', base, emailAddress('a@example.com'))).toBe(false);
    expect(allowsSubject('permitted', base, emailAddress('a@example.org'), names)).toBe(true);
  });
});

describe('uniformResourceIdentifier', () => {
  it.each([
    ['example.com', 'https://example.com'],
    ['example.com', 'HTTPS://Example.COM:8443/a?b#c'],
    ['example.com', 'https://user:a.b%40@example.com/'],
    ['example.com', 'https://example.com?https://evil.test'],
    ['.example.com', 'ldap://a.b.example.com:/'],
    ['devices.local', 'spiffe://devices.local/device/m/A-1'],
    ['prod', 'spiffe://prod/x'],
    ['xn--mnchen-3ya.example', 'http://xn--mnchen-3ya.example/'],
  ])('%s holds %s', (base, name) => {
    expect(isIn(uri(base), uri(name))).toBe(true);
  });

  it.each([
    ['example.com', 'https://a.example.com'],
    ['.example.com', 'https://example.com'],
    ['.example.com', 'https://notexample.com'],
    ['example.com', 'https://example.com.evil.test/'],
    ['example.com', 'https://evil.test/@example.com'],
    ['example.com', 'https://evil.test?@example.com'],
    ['example.com', 'https://example.com@evil.test/'],
    ['example.com', 'https://example.com:80@evil.test/'],
    ['devices.local', 'spiffe://other.local/device/m/A-1'],
  ])('%s does not hold %s', (base, name) => {
    expect(isIn(uri(base), uri(name))).toBe(false);
  });

  it.each([
    '',
    'urn:uuid:0',
    'mailto:a@example.com',
    'https:example.com',
    '//example.com',
    'https:///example.com',
    'https://192.0.2.1/',
    'https://[2001:db8::1]/',
    'https://[2001:db8::1]:443',
    'https://0x7f.1/',
    'https://2130706433/',
    'https://a@b@example.com/',
    String.raw`https://evil.test\@example.com`,
    'https://%65xample.com',
    'https://example.com:x/',
    'https://example.com./',
    'https://exa mple.com',
    'https://example.com\0/',
    'https://example.com\n',
  ])('the name "%s" is refused by whoever constrains URIs', (name) => {
    expect(isRefused(uri('example.com'), uri(name))).toBe(true);
  });

  it.each(['', '.', 'https://example.com', 'example.com/', 'example.com:80', '192.0.2.1', '*.example.com', '[::1]'])(
    'the base "%s" is malformed',
    (base) => {
      expect(isMalformed(uri(base))).toBe(true);
    },
  );
});

it('an IPv4 address in the form of IPv6 is refused by whoever constrains addresses', () => {
  const mapped = ip('00000000000000000000ffff0a000001');
  for (const base of [ip('0a000000ff000000'), ip(`20010db8${'0'.repeat(24)}ffffffff${'0'.repeat(24)}`)]) {
    expect(isRefused(base, mapped)).toBe(true);
  }
  expect(allows('excluded', text('dNSName', 'a'), mapped)).toBe(true);
});

describe('directoryName', () => {
  it('holds the names that begin with it, compared as names are', () => {
    expect(isIn(directory('A'), directory('A'))).toBe(true);
    expect(isIn(directory('A'), directory(' a ', 'B'))).toBe(true);
    expect(isIn(directory(), directory('A'))).toBe(true);
    expect(isIn(directory('A'), directory('B', 'A'))).toBe(false);
    expect(isIn(directory('A', 'B'), directory('A'))).toBe(false);
    expect(isIn(directory('A'), directory('AB'))).toBe(false);
  });

  it('is about the subject too, unless that is empty', () => {
    expect(allowsSubject('permitted', directory('A'), o('A', 'B'))).toBe(true);
    expect(allowsSubject('permitted', directory('A'), o('B'), [directory('A')])).toBe(false);
    expect(allowsSubject('permitted', directory('A'), o('A'), [directory('B')])).toBe(false);
    expect(allowsSubject('excluded', directory('A'), o('A'), [directory('B')])).toBe(false);
    expect(allowsSubject('permitted', directory('A'), EMPTY, [text('dNSName', 'a')])).toBe(true);
  });
});

const typed = (tag: number, contents: string): GeneralName => {
  const value = encodeElement(tag, Buffer.from(contents, 'latin1'));
  const attribute = encodeSequence(encodeOid(Oid.organizationName), value);
  return { kind: 'directoryName', value: encodeSequence(encodeSetOf([attribute])) };
};

describe('a directoryName in another string type', () => {
  const types = [0x12, 0x13, 0x14, 0x16, 0x1a];

  it.each([...types.map((tag) => typed(tag, 'eVil & Co')), typed(0x1e, '\0E\0v\0i\0l\0 \0&\0 \0C\0o')])(
    'does not lead out of what is excluded, nor into what is permitted: %#',
    (name) => {
      expect(isRefused(directory('Evil & Co'), name)).toBe(true);
      expect(allows('excluded', name, directory('Evil & Co', 'B'))).toBe(false);
      expect(allows('excluded', directory('Evil'), name)).toBe(true);
    },
  );

  it('is refused where it cannot be compared', () => {
    expect(isRefused(directory('A'), typed(0x14, '\xe9'))).toBe(true);
    expect(isRefused(directory('A'), directory('A\u0378'))).toBe(true);
    expect(allows('excluded', directory('A', 'B'), typed(0x14, '\xe9'))).toBe(true);
  });
});

it('a directoryName too long to be compared is refused by whoever constrains them, and no base', () => {
  const long = directory('a', 'B'.repeat(4096));
  expect(isRefused(directory('A'), long)).toBe(true);
  expect(isRefused(directory('X'), long)).toBe(true);
  expect(isMalformed(long)).toBe(true);
});

describe('forms that have no meaning to us', () => {
  const module: GeneralName = { kind: 'hardwareModuleName', hwType: '1.2.3', hwSerialNum: Buffer.from('A') };
  const x400: GeneralName = { kind: 'unsupported', der: fromHex('a300') };
  const ediParty: GeneralName = { kind: 'unsupported', der: fromHex('a500') };
  const registered: GeneralName = { kind: 'registeredID', value: '1.2.3' };
  const forms = [module, x400, ediParty, registered, other('1.2.3'), other('1.2.4')];

  it.each(forms)('%o is refused by whoever constrains its form', (name) => {
    for (const base of forms) {
      expect(allows('permitted', base, name)).toBe(base !== name);
      expect(allows('excluded', base, name)).toBe(base !== name);
    }
    expect(allows('permitted', text('dNSName', 'a'), name)).toBe(true);
  });

  it('SmtpUTF8Mailbox has none either where it is constrained by its own form', () => {
    const name = smtpUtf8('\u8001@example.com');
    expect(isRefused(name, name)).toBe(true);
  });
});

it('no constraint of one form is about names of another', () => {
  const names = [ip('c0000201'), text('dNSName', 'a'), text('rfc822Name', 'a@b'), directory('A'), other('1.2.3')];
  const bases = [ip('0a000000ff000000'), text('dNSName', 'x'), text('rfc822Name', 'x'), directory('X'), other('1.2.4')];
  for (const [i, base] of bases.entries()) {
    for (const [j, name] of names.entries()) expect(allows('permitted', base, name)).toBe(i !== j || i === 4);
  }
});
