import { createECDH, createPrivateKey, createPublicKey, sign } from 'node:crypto';

import {
  encodeBitString,
  encodeEnumerated,
  encodeExplicit,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  Oid,
  toHex,
} from '@touchmark/der';
import { encodeSerialNumber, encodeTokenStatusList, SeatBitmap } from '@touchmark/status-list';
import {
  fixedKey,
  hostileVariant,
  makeTestCrl,
  makeTestOcspResponse,
  seededRandom,
  signatureAlgorithmOf,
  signTestObject,
  TEST_NOW,
  TestCa,
  type TestKey,
} from '@touchmark/testkit';
import { CrlSource, OcspSource, type RevocationSource, TokenStatusListSource, verifyPath } from '@touchmark/verifier';
import {
  encodeExtension,
  encodeOcspNocheck,
  parseCertificateList,
  parseOcspResponse,
  X509Error,
} from '@touchmark/x509';

import type { Failure, Tally } from './campaign.js';

/** What a source of revocation is given, and how it is damaged. */
interface Target {
  readonly name: string;
  /** What makes the source say good. */
  readonly sound: Uint8Array;
  /** A source that lacks only this message. */
  readonly open: () => RevocationSource & { add: (message: Uint8Array) => unknown };
  /** Octets that are signed; undefined if the message cannot be read. */
  readonly signedPart: (message: Uint8Array) => Uint8Array | undefined;
  /** The message with these octets signed by whoever signed the sound one. */
  readonly signAgain: (signedPart: Uint8Array) => Uint8Array;
}

const REALM = 'devices.test';
const PUBLIC_URL = 'http://status.test';
const DEVICES = 5;
const SERVICES = 6;

const seat = (listId: number, index: number): Uint8Array =>
  encodeSerialNumber({ listId, index, random: new Uint8Array(8).fill(7) });

const root = TestCa.root({ subject: 'Root', key: fixedKey(1), serialNumber: Uint8Array.of(1) });
const infrastructure = root.issueCa({ subject: 'Infrastructure', key: fixedKey(2), serialNumber: Uint8Array.of(2) });
const leaf = root.issue({ key: fixedKey(3), serialNumber: seat(DEVICES, 9) });
const other = root.issue({ key: fixedKey(4), serialNumber: seat(DEVICES, 10) });
const delegate = root.issue({
  subject: 'OCSP',
  key: fixedKey(5),
  serialNumber: Uint8Array.of(5),
  extKeyUsage: [Oid.OCSPSigning],
  extraExtensions: [encodeExtension(Oid.ocspNocheck, false, encodeOcspNocheck())],
});
const statusKey = infrastructure.issue({
  key: fixedP256Key(),
  serialNumber: seat(SERVICES, 2),
  extKeyUsage: null,
  subjectAltName: [{ kind: 'uniformResourceIdentifier', value: `spiffe://${REALM}/status/one` }],
});

const goodCrl = makeTestCrl(root, { entries: [{ serialNumber: other.certificate }] });
const goodOcsp = makeTestOcspResponse({
  issuer: root,
  signer: delegate,
  responses: [{ of: leaf }, { of: other, status: { revocationTime: TEST_NOW - 5 } }],
});
const services = token(SERVICES);

const TARGETS: readonly Target[] = [
  {
    name: 'CrlSource',
    sound: goodCrl,
    open: () => new CrlSource({ maxAgeWithoutNextUpdate: 3600, indirect: true }),
    signedPart: (der) => orNothing(() => parseCertificateList(der).tbsCertList),
    signAgain: (tbs) => signTestObject(tbs, root.key),
  },
  {
    name: 'OcspSource',
    sound: goodOcsp,
    open: () => new OcspSource(),
    signedPart: (der) => orNothing(() => responseDataOf(der)),
    signAgain: ocspResponseOf,
  },
  {
    name: 'TokenStatusListSource',
    sound: Buffer.from(token(DEVICES), 'latin1'),
    open: openTokenSource,
    signedPart: (jwt) => jwt.subarray(0, jwt.lastIndexOf(0x2e)),
    signAgain: (signedPart) => Buffer.from(sealed(Buffer.from(signedPart).toString('latin1')), 'latin1'),
  },
];

/** Damaged CRLs, OCSP responses and Status List Tokens: nothing is thrown, and none is believed that its signer did not sign. */
export class SourceCampaign {
  constructor() {
    for (const target of TARGETS) {
      if (!isGood(target, target.sound)) throw new TypeError(`${target.name} does not believe a sound message`);
    }
  }

  run(seed: number, index: number, tally?: Tally): Failure | undefined {
    const random = seededRandom(seed ^ index);
    const target = TARGETS[Math.floor(random() * TARGETS.length)];
    if (target === undefined) throw new TypeError('there are no sources');
    const isSigned = random() < 0.3;
    const genuine = target.signedPart(target.sound) ?? new Uint8Array();
    const message = isSigned
      ? target.signAgain(hostileVariant(genuine, seed, index))
      : hostileVariant(target.sound, seed, index);
    const fail = (why: string): Failure => {
      return {
        seed,
        case: index,
        reader: target.name,
        sample: isSigned ? 'signed' : 'damaged',
        why,
        hex: toHex(message),
      };
    };
    let good: boolean;
    try {
      good = isGood(target, message);
    } catch (error) {
      return fail(`throws ${String(error)}`);
    }
    if (tally !== undefined) {
      tally.cases += 1;
      tally.accepted += good ? 1 : 0;
    }
    if (!good || isSigned) return undefined;
    const signedPart = target.signedPart(message);
    const isSame = signedPart !== undefined && Buffer.compare(signedPart, genuine) === 0;
    return isSame ? undefined : fail('believes what nobody signed');
  }
}

function isGood({ open }: Target, message: Uint8Array): boolean {
  const source = open();
  source.add(message);
  return verifyPath({
    chain: [leaf.der],
    trustAnchors: [root.certificate],
    intermediates: [],
    at: TEST_NOW,
    purpose: 'client',
    requireExtKeyUsage: true,
    revocation: { sources: [source], scope: 'end-entity' },
    monotonic: () => 0,
  }).ok;
}

function openTokenSource(): RevocationSource & { add: (message: Uint8Array) => unknown } {
  const source = new TokenStatusListSource({
    publicUrl: PUBLIC_URL,
    realm: REALM,
    signerIssuers: [infrastructure.der],
    trustAnchors: [root.der],
  });
  source.add(services);
  return {
    kind: source.kind,
    find: (question) => source.find(question),
    add: (message) => source.add(Buffer.from(message).toString('latin1')),
  };
}

function responseDataOf(der: Uint8Array): Uint8Array | undefined {
  const response = parseOcspResponse(der);
  return 'basic' in response ? response.basic.tbsResponseData : undefined;
}

function ocspResponseOf(tbsResponseData: Uint8Array): Uint8Array {
  const signature = new Uint8Array(sign(null, tbsResponseData, delegate.key.privateKey));
  const basic = encodeSequence(
    tbsResponseData,
    signatureAlgorithmOf(delegate.key),
    encodeBitString(signature),
    encodeExplicit(0, encodeSequence(delegate.der)),
  );
  return encodeSequence(
    encodeEnumerated(0),
    encodeExplicit(0, encodeSequence(encodeOid(Oid.ocspBasic), encodeOctetString(basic))),
  );
}

function token(listId: number): string {
  const header = {
    alg: 'ES256',
    typ: 'statuslist+jwt',
    kid: 'any',
    x5c: [statusKey.der, infrastructure.der].map((der) => Buffer.from(der).toString('base64')),
  };
  const lst = Buffer.from(encodeTokenStatusList(new SeatBitmap(), 64)).toString('base64url');
  const payload = {
    sub: `${PUBLIC_URL}/status-lists/${listId}`,
    iat: TEST_NOW - 60,
    exp: TEST_NOW + 86_340,
    ttl: 300,
    status_list: { bits: 2, lst },
  };
  return sealed([header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.'));
}

function sealed(signedPart: string): string {
  const key = { key: statusKey.key.privateKey, dsaEncoding: 'ieee-p1363' } as const;
  return `${signedPart}.${sign('sha256', Buffer.from(signedPart, 'latin1'), key).toString('base64url')}`;
}

// Status List Tokens are signed by ES256 alone. Its signatures are others in every run, and as long.
function fixedP256Key(): TestKey {
  const ecdh = createECDH('prime256v1');
  const d = Buffer.alloc(32, 7);
  ecdh.setPrivateKey(d);
  const point = ecdh.getPublicKey();
  const [x, y] = [point.subarray(1, 33), point.subarray(33)];
  const key = { kty: 'EC', crv: 'P-256', x: text(x), y: text(y), d: text(d) };
  const privateKey = createPrivateKey({ key, format: 'jwk' });
  const subjectPublicKeyInfo = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return { kind: 'EC P-256', privateKey, subjectPublicKeyInfo: new Uint8Array(subjectPublicKeyInfo) };
}

function text(octets: Uint8Array): string {
  return Buffer.from(octets).toString('base64url');
}

function orNothing(read: () => Uint8Array | undefined): Uint8Array | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof X509Error) return undefined;
    throw error;
  }
}
