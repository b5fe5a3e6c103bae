import type { AuthorityKind } from '@touchmark/ca-port';
import { toHex } from '@touchmark/der';
import { createIssuingCaCertificate, createRootCertificate, loadIssuer } from '@touchmark/issuance';
import { generateKeyPair, type GeneratedKeyPair, importPkcs8, type KeyFolder, SoftwareSigner } from '@touchmark/keys';
import type { RandomBytes } from '@touchmark/server';
import { encodeSerialNumber, NO_WELL_DEFINED_EXPIRATION, SERIAL_NUMBER_RANDOM_LENGTH } from '@touchmark/status-list';
import {
  activeAuthorities,
  appendJournal,
  type AuthorityRecord,
  type Database,
  insertAuthority,
  insertCertificates,
  insertStatusList,
  journalHead,
  leaseBlock,
  lockAuthorities,
  nextStatusListId,
  saveCrl,
  type StatusListRecord,
  type Transaction,
} from '@touchmark/store';
import { spkiSha256 } from '@touchmark/x509';
import { signCrlOf } from '../crl/sign-crl.js';
import { publicationUrls } from '../seats/publication-urls.js';

export interface HierarchyOptions {
  readonly organization: string;
  readonly publicHttpUrl: string;
  readonly now: () => number;
  readonly randomBytes: RandomBytes;
  readonly issuingKeys: KeyFolder;
  /** Where the root's key goes; opened only when a root is made, because it may have been taken away since. */
  readonly openRootKeys: () => Promise<KeyFolder>;
  /** Seconds from thisUpdate to nextUpdate of the root's CRL, which only a ceremony can renew. */
  readonly rootCrlLifetime: number;
}

const YEAR = 365 * 86_400;
const issuingKinds = ['idevid', 'ldevid', 'infrastructure'] as const;
/** Seconds that a CA of this kind lives; the IDevID CA never ends, as the certificates that it issues. */
const lifetimes = { idevid: 0, ldevid: 15 * YEAR, infrastructure: 15 * YEAR } as const;
const CA_SEATS = 16;

/**
 * Makes the root and the three issuing CAs where there are none. Keys are written first, under names that contain their own
 * hash: those of an attempt that did not reach its commit lie unused, and nothing is ever overwritten.
 */
export async function createHierarchy(db: Database, options: HierarchyOptions): Promise<AuthorityRecord[]> {
  const present = await activeAuthorities(db);
  if (present.length > 0) return present;
  const rootKey = generateKeyPair('P-384');
  const rootId = authorityId('root', rootKey);
  const rootKeys = await options.openRootKeys();
  await rootKeys.save(rootId, rootKey.pkcs8, rootKey.subjectPublicKeyInfo);
  const keys = new Map<(typeof issuingKinds)[number], GeneratedKeyPair>();
  for (const kind of issuingKinds) {
    const key = generateKeyPair('P-256');
    await options.issuingKeys.save(authorityId(kind, key), key.pkcs8, key.subjectPublicKeyInfo);
    key.pkcs8.fill(0);
    keys.set(kind, key);
  }
  try {
    return await db.transaction(async (tx) => {
      await lockAuthorities(tx);
      const meanwhile = await activeAuthorities(tx);
      if (meanwhile.length > 0) return meanwhile;
      return await storeHierarchy(tx, rootId, rootKey, keys, options);
    });
  } finally {
    rootKey.pkcs8.fill(0);
  }
}

async function storeHierarchy(
  tx: Transaction,
  rootId: string,
  rootKey: GeneratedKeyPair,
  keys: ReadonlyMap<(typeof issuingKinds)[number], GeneratedKeyPair>,
  options: HierarchyOptions,
): Promise<AuthorityRecord[]> {
  const { organization, publicHttpUrl, now, randomBytes } = options;
  const notBefore = now() - 3600;
  const privateKey = importPkcs8(rootKey.pkcs8);
  const list = await newRootList(tx, rootId, publicHttpUrl, now());
  const seatAt = (index: number): { listId: number; index: number; random: Uint8Array } => ({
    listId: list.id,
    index,
    random: randomBytes(SERIAL_NUMBER_RANDOM_LENGTH),
  });

  const rootSeat = seatAt(0);
  const rootCertificate = await createRootCertificate({
    organization,
    generation: 1,
    serialNumber: encodeSerialNumber(rootSeat),
    notBefore,
    privateKey,
  });
  const authorities: AuthorityRecord[] = [{ id: rootId, kind: 'root', issuerId: null, certificate: rootCertificate }];
  const certificates = [{ ...rootSeat, der: rootCertificate }];
  for (const [kind, key] of keys) {
    const seat = seatAt(certificates.length);
    const certificate = await createIssuingCaCertificate({
      kind,
      organization,
      generation: 1,
      serialNumber: encodeSerialNumber(seat),
      notBefore,
      notAfter: notBefore + lifetimes[kind],
      subjectPublicKeyInfo: key.subjectPublicKeyInfo,
      root: { certificate: rootCertificate, privateKey },
      publicationPoints: { crl: list.crlUri, caIssuers: list.caIssuersUri },
    });
    authorities.push({ id: authorityId(kind, key), kind, issuerId: rootId, certificate });
    certificates.push({ ...seat, der: certificate });
  }

  for (const authority of authorities) await insertAuthority(tx, authority);
  await insertStatusList(tx, list);
  await leaseBlock(tx, list.id, CA_SEATS, now());
  await insertCertificates(
    tx,
    certificates.map((c) => ({ ...c, deviceRef: null, credentialId: null })),
  );
  const issuer = loadIssuer(rootCertificate, new SoftwareSigner(rootKey.pkcs8, 'inline'), 'root');
  const content = { list, entries: [], previous: undefined, thisUpdate: now(), position: await journalHead(tx) };
  await saveCrl(tx, await signCrlOf(issuer, options.rootCrlLifetime, content));
  await appendJournal(tx, [
    { kind: 'list-opened', listId: list.id },
    { kind: 'block-leased', listId: list.id, leasedTo: CA_SEATS },
  ]);
  return authorities;
}

async function newRootList(
  tx: Transaction,
  rootId: string,
  publicHttpUrl: string,
  openedAt: number,
): Promise<Omit<StatusListRecord, 'leasedTo' | 'state'>> {
  const id = await nextStatusListId(tx);
  return {
    id,
    authorityId: rootId,
    bucket: 'never',
    notAfter: NO_WELL_DEFINED_EXPIRATION,
    ...publicationUrls(publicHttpUrl, id, rootId),
    openedAt,
  };
}

/** `ldevid-g1-8a3fc2e1`: the kind, the generation, and the beginning of the key's SHA-256. */
function authorityId(kind: AuthorityKind, key: GeneratedKeyPair): string {
  return `${kind}-g1-${toHex(spkiSha256(key.subjectPublicKeyInfo)).slice(0, 8)}`;
}
