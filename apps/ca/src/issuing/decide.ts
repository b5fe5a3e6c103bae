import type { CaRefusalCode } from '@touchmark/ca-port';
import { equalBytes, toHex } from '@touchmark/der';
import { type CredentialFacts, decideEnrollment, type EnrollmentRequest } from '@touchmark/lifecycle';
import { parseCertificate } from '@touchmark/x509';
import { parseSerialNumber } from '@touchmark/status-list';
import {
  type CertificateRecord,
  type CredentialKey,
  credentialsOf,
  type CredentialWithSeat,
  type KeyOwner,
  keyOwners,
  lockSubjects,
  lockWarrants,
  readCertificates,
  type SubjectRecord,
  type Transaction,
  type WarrantRecord,
} from '@touchmark/store';
import { descendantsOf } from '../status/lineage.js';
import type { CheckedOrder } from './order.js';

/** What the presented certificate's use changed, whatever becomes of the request. */
interface Sighted {
  readonly firstSeen?: CredentialKey;
  /** Certificates to revoke because their successor was seen now. */
  readonly replaced?: readonly CredentialWithSeat[];
}

export type Decision =
  | (Sighted & { readonly kind: 'return'; readonly credential: CredentialWithSeat })
  | (Sighted & {
      readonly kind: 'issue';
      readonly generation: number;
      readonly newSubject: boolean;
      /** The first certificate of a recommissioned device: the projection has to hear of it. */
      readonly firstOfGeneration: boolean;
      readonly newKey: boolean;
      readonly pseudonym: string;
      readonly parentId?: string;
      /** Warrant that counts down by this certificate. */
      readonly spends?: string;
      readonly withdraw: readonly CredentialWithSeat[];
    })
  | (Sighted & {
      readonly kind: 'refuse';
      readonly code: CaRefusalCode;
      readonly suspend: boolean;
      readonly subject?: SubjectRecord;
      readonly credentials?: readonly CredentialWithSeat[];
    });

/** Everything that the decisions of one batch rest on, read under the locks of its subjects and warrants. */
export interface Facts {
  readonly subjects: ReadonlyMap<string, SubjectRecord>;
  readonly warrants: ReadonlyMap<string, WarrantRecord>;
  readonly keys: ReadonlyMap<string, KeyOwner>;
  readonly credentials: ReadonlyMap<string, readonly CredentialWithSeat[]>;
  /** The certificate that an order presents, where it is one of ours, byte for byte. */
  readonly presented: ReadonlyMap<CheckedOrder, CertificateRecord>;
}

/** Locks subjects, then warrants, each in a fixed order, and reads what was issued before. */
export async function loadFacts(tx: Transaction, orders: readonly CheckedOrder[], now: number): Promise<Facts> {
  const presented = await loadPresented(tx, orders);
  const deviceRefs = orders.map((o) => o.deviceRef);
  const warrantIds = [
    ...new Set(
      orders.flatMap(({ request: { evidence } }) => (evidence.kind === 'warrant' ? [evidence.warrantId] : [])),
    ),
  ];
  const subjects = await lockSubjects(tx, deviceRefs);
  const warrants = await lockWarrants(tx, warrantIds);
  const known = [...subjects.keys()];
  const rows =
    known.length === 0
      ? []
      : await credentialsOf(tx, known, {
          endingFrom: now,
          warrantIds,
          keys: orders.map((o) => o.spkiSha256),
          // a lineage is judged as a whole: that its older certificates have expired makes a fork no less of one
          allOf: [...presented.keys()].map((o) => o.deviceRef),
        });
  const keys = await keyOwners(
    tx,
    orders.map((o) => o.spkiSha256),
  );
  return { subjects, warrants, keys, credentials: Map.groupBy(rows, (row) => row.deviceRef), presented };
}

async function loadPresented(
  tx: Transaction,
  orders: readonly CheckedOrder[],
): Promise<Map<CheckedOrder, CertificateRecord>> {
  const wanted = orders.flatMap((order) => {
    const { evidence } = order.request;
    if (evidence.kind !== 'credential') return [];
    const seat = parseSerialNumber(parseCertificate(evidence.certificate).serialNumber);
    return seat ? [{ order, seat, der: evidence.certificate }] : [];
  });
  const rows = await readCertificates(
    tx,
    wanted.map((w) => w.seat),
  );
  const bySeat = new Map(rows.map((row) => [`${row.listId}.${row.index}`, row]));
  return new Map(
    wanted.flatMap(({ order, seat, der }) => {
      const row = bySeat.get(`${seat.listId}.${seat.index}`);
      return row && row.deviceRef === order.deviceRef && equalBytes(row.der, der) ? [[order, row] as const] : [];
    }),
  );
}

/** Rules 3, 4, 5 and 7 for each order of a batch, in order: a warrant that runs out refuses the later ones. */
export function decideOrders(orders: readonly CheckedOrder[], facts: Facts, now: number): Decision[] {
  const remaining = new Map([...facts.warrants].map(([id, w]) => [id, w.remaining]));
  return orders.map((order) => {
    const decision = decide(order, facts, now);
    if (decision.kind !== 'issue' || decision.spends === undefined) return decision;
    const left = remaining.get(decision.spends) ?? 0;
    if (left === 0) return refuse('WARRANT_SPENT');
    remaining.set(decision.spends, left - 1);
    return decision;
  });
}

function decide(order: CheckedOrder, facts: Facts, now: number): Decision {
  const { request, deviceRef } = order;
  const subject = facts.subjects.get(deviceRef);
  if (subject && subject.deviceSerial !== request.identity.deviceSerial) return refuse('DEVICE_SERIAL_CASE_CONFLICT');
  const owner = facts.keys.get(order.spkiHex);
  if (owner && owner.blockedFor !== null) return refuse('KEY_BLOCKED');
  if (owner && owner.deviceRef !== deviceRef) return refuse('KEY_IN_USE');

  const credentials = facts.credentials.get(deviceRef) ?? [];
  const evidence = evidenceOf(order, facts, credentials, now);
  if ('code' in evidence) return refuse(evidence.code);
  const { sighted, parent, warrant } = evidence;
  const generation = subject?.generation ?? 1;
  const sameKey = credentials.filter((c) => c.profile === request.profile && toHex(c.spkiSha256) === order.spkiHex);
  const decision = decideEnrollment({
    now,
    profile: request.profile,
    spkiSha256: order.spkiHex,
    subject: { state: subject?.state ?? 'open', generation },
    evidence: evidence.evidence,
    sameKey: sameKey.map(toFacts),
    policy: { suspendOnFork: request.terms.suspendOnFork ?? false },
  });
  const record = ({ id }: CredentialFacts): CredentialWithSeat[] => credentials.filter((c) => c.id === id);
  switch (decision.decision) {
    case 'refuse':
      return {
        ...sighted,
        kind: 'refuse',
        code: decision.code,
        suspend: decision.suspend,
        ...(subject && { subject }),
        credentials,
      };
    case 'return': {
      const [credential] = record(decision.credential);
      return credential ? { ...sighted, kind: 'return', credential } : refuse('INTERNAL');
    }
    case 'issue': {
      const withdraw = decision.withdraw.flatMap(record);
      if (withdraw.length > 0 && replacedLately(withdraw, credentials, now) >= MAX_REPLACEMENTS) {
        return { ...sighted, kind: 'refuse', code: 'TOO_MANY_REPLACEMENTS', suspend: false };
      }
      const spends = warrant && !credentials.some((c) => c.warrantId === warrant.id) ? warrant.id : undefined;
      return {
        ...sighted,
        kind: 'issue',
        generation,
        newSubject: !subject,
        firstOfGeneration: subject !== undefined && !credentials.some((c) => c.generation === generation),
        newKey: !owner,
        pseudonym: subject?.pseudonym ?? order.pseudonym,
        ...(parent && { parentId: parent.id }),
        ...(spends !== undefined && { spends }),
        withdraw,
      };
    }
  }
}

const HOUR = 3600;
/** Unused certificates that one parent or token may replace within an hour: a device that lost replies needs two or three. */
const MAX_REPLACEMENTS = 10;

/** How many certificates of the same parent or warrant were withdrawn within the last hour. */
function replacedLately(
  withdraw: readonly CredentialWithSeat[],
  credentials: readonly CredentialWithSeat[],
  now: number,
): number {
  const [one] = withdraw;
  return credentials.filter(
    (c) =>
      c.withdrawnAt !== null &&
      c.withdrawnAt > now - HOUR &&
      c.parentId === one?.parentId &&
      c.warrantId === one?.warrantId,
  ).length;
}

type Evidence =
  | { code: CaRefusalCode }
  | { evidence: EnrollmentRequest['evidence']; sighted: Sighted; parent?: CredentialWithSeat; warrant?: WarrantRecord };

function evidenceOf(
  order: CheckedOrder,
  facts: Facts,
  credentials: readonly CredentialWithSeat[],
  now: number,
): Evidence {
  const { evidence } = order.request;
  return evidence.kind === 'warrant'
    ? warrantEvidence(order, evidence.warrantId, facts, credentials, now)
    : credentialEvidence(order, facts, credentials, now);
}

function warrantEvidence(
  { request, deviceRef }: CheckedOrder,
  warrantId: string,
  facts: Facts,
  credentials: readonly CredentialWithSeat[],
  now: number,
): Evidence {
  const warrant = facts.warrants.get(warrantId);
  if (!warrant) return { code: 'WARRANT_UNKNOWN' };
  const { identity, profile } = request;
  if (warrant.profile !== profile || warrant.realm !== identity.realm || warrant.model !== identity.model)
    return { code: 'WARRANT_MISMATCH' };
  if (warrant.deviceRef !== null && warrant.deviceRef !== deviceRef) return { code: 'WARRANT_MISMATCH' };
  if (now > warrant.validUntil) return { code: 'WARRANT_EXPIRED' };
  if (warrant.kind === 'token') {
    // a token from before the device was recommissioned died with the old lineage
    if (warrant.generation !== (facts.subjects.get(deviceRef)?.generation ?? 1)) return { code: 'WARRANT_SPENT' };
    const issued = credentials.filter((c) => c.warrantId === warrantId).map(toFacts);
    return { evidence: { kind: 'token', issued }, sighted: {}, warrant };
  }
  const deviceCredentials = credentials.filter((c) => c.profile === profile).map(toFacts);
  return { evidence: { kind: 'batch', deviceCredentials }, sighted: {}, warrant };
}

function credentialEvidence(
  order: CheckedOrder,
  facts: Facts,
  credentials: readonly CredentialWithSeat[],
  now: number,
): Evidence {
  const { profile } = order.request;
  const row = facts.presented.get(order);
  const parent = credentials.find((c) => c.id === row?.credentialId);
  if (!parent) return { code: 'CREDENTIAL_UNKNOWN' };
  const children = credentials.filter((c) => c.parentId === parent.id && c.profile === profile);
  const seenChildren = children.filter((c) => c.seenAt !== null);
  const descendantsLive = seenChildren
    .flatMap((child) => descendantsOf(child.id, credentials))
    .some((c) => c.profile === profile && c.seatValue !== 1 && c.withdrawnAt === null && now <= c.notAfter);
  return {
    evidence: {
      kind: 'credential',
      presented: { ...toFacts(parent), seen: true },
      children: children.map(toFacts),
      descendantsLive,
    },
    sighted: sightingOf(parent, credentials),
    parent,
  };
}

/** The first use of a credential, and what it replaces where its policy wants replaced certificates revoked. */
export function sightingOf(credential: CredentialWithSeat, credentials: readonly CredentialWithSeat[]): Sighted {
  if (credential.seenAt !== null || credential.seatValue === 1) return {};
  const replaced = credentials.filter((c) => c.id === credential.parentId && c.profile === credential.profile);
  return { firstSeen: credential, ...(credential.revokeReplaced && credential.seatValue === 0 && { replaced }) };
}

const seatValueNames = ['valid', 'invalid', 'suspended'] as const;

function toFacts(credential: CredentialWithSeat): CredentialFacts {
  return {
    id: credential.id,
    profile: credential.profile,
    spkiSha256: toHex(credential.spkiSha256),
    generation: credential.generation,
    notBefore: credential.notBefore,
    notAfter: credential.notAfter,
    renewAfter: credential.renewAfter ?? undefined,
    seen: credential.seenAt !== null,
    withdrawn: credential.withdrawnAt !== null,
    seatValue: seatValueNames[credential.seatValue],
    ...(credential.parentId !== null && { parentId: credential.parentId }),
  };
}

const refuse = (code: CaRefusalCode): Decision => ({ kind: 'refuse', code, suspend: false });
