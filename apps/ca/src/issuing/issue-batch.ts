import { type CaRefusal, CaUnavailableError, type IssuedCertificate, type IssueOutcome } from '@touchmark/ca-port';
import { encodeSerialNumber } from '@touchmark/status-list';
import {
  anySubjectExists,
  appendJournal,
  claimKeys,
  type CredentialRecord,
  type Database,
  insertCertificates,
  insertCredentials,
  insertSubjects,
  markSeen,
  markWithdrawn,
  readCertificates,
  saveSubject,
  spendWarrants,
  StoreError,
  touchSubjects,
  type Transaction,
} from '@touchmark/store';
import type { CaClock } from '../ca-clock.js';
import { asRefusal, CaError } from '../ca-error.js';
import { reasonCodes, SeatChanges } from '../status/seat-changes.js';
import { type Decision, decideOrders, type Facts, loadFacts } from './decide.js';
import { countIssued, holdQuotas } from './hold-quotas.js';
import { HourlyBudget } from './hourly-budget.js';
import type { CheckedOrder } from './order.js';
import type { SignOrders } from './sign-orders.js';

export interface IssueBatchOptions {
  readonly clock: CaClock;
  /** Certificates for one model in one clock hour. */
  readonly hourlyQuota: number;
  readonly totalHourlyQuota: number;
  /** A certificate could not be issued for a reason that is no refusal. */
  readonly onError: (error: unknown) => void;
}

/** Cause under which a device is held after a lineage fork, where its policy says so. */
export const forkCause = 'lineage-fork';

/**
 * Steps 3 to 9 of the issuing cycle (docs/issuance-cycle.md) for a batch that shares one commit. No two orders of a batch are for
 * the same device or key.
 */
export class IssueBatch {
  private readonly db: Database;
  private readonly sign: SignOrders;
  private readonly options: IssueBatchOptions;
  private readonly total: HourlyBudget;

  constructor(db: Database, sign: SignOrders, options: IssueBatchOptions) {
    this.db = db;
    this.sign = sign;
    this.options = options;
    this.total = new HourlyBudget(options.totalHourlyQuota);
  }

  /** A batch that cannot be stored as a whole is halved and tried again with the same bytes, so that one bad line refuses only itself. */
  async run(orders: readonly CheckedOrder[]): Promise<IssueOutcome[]> {
    try {
      return await this.commit(orders);
    } catch (error) {
      if (error instanceof StoreError && error.code === 'STORE_UNAVAILABLE') throw new CaUnavailableError(error);
      if (error instanceof CaError) return orders.map(() => asRefusal(error));
      const [only] = orders;
      if (orders.length === 1 && only) return [await this.alone(only)];
      const middle = orders.length >> 1;
      return [...(await this.run(orders.slice(0, middle))), ...(await this.run(orders.slice(middle)))];
    }
  }

  private async alone(order: CheckedOrder): Promise<IssueOutcome> {
    for (let attempt = 1; ; attempt++) {
      try {
        const [outcome] = await this.commit([order]);
        return outcome ?? asRefusal(new CaError('INTERNAL'));
      } catch (error) {
        const conflict =
          error instanceof StoreError && (error.code === 'STORE_CONFLICT' || error.code === 'STORE_DUPLICATE');
        if (conflict && attempt < 5) continue;
        if (error instanceof StoreError && error.code === 'STORE_UNAVAILABLE') throw new CaUnavailableError(error);
        this.options.onError(error);
        return asRefusal(error instanceof CaError ? error : new CaError('INTERNAL'));
      }
    }
  }

  private async commit(orders: readonly CheckedOrder[]): Promise<IssueOutcome[]> {
    return this.db.transaction(async (tx) => {
      const now = await this.options.clock.forIssuing(tx);
      // 3. lock the subjects, re-check state, keys and warrants
      const facts = await loadFacts(tx, orders, now);
      const decided = decideOrders(orders, facts, now);
      await checkSpent(tx, orders, facts, decided);
      const decisions = await holdQuotas(tx, orders, decided, now, this.options.hourlyQuota, this.total);
      // 4. to 8. take a seat, build, lint, sign, verify
      await this.sign(orders, decisions);
      // 9. store
      await this.store(tx, orders, decisions, now);
      return this.outcomes(tx, orders, decisions);
      // 10. the caller gets its answer after the commit
    });
  }

  private async store(
    tx: Transaction,
    orders: readonly CheckedOrder[],
    decisions: readonly Decision[],
    now: number,
  ): Promise<void> {
    const seats = new SeatChanges();
    const issued = orders.flatMap((order, i) => {
      const decision = decisions[i];
      return decision?.kind === 'issue' && order.signed ? [{ order, decision, signed: order.signed }] : [];
    });
    const { conflicts: taken } = await insertSubjects(
      tx,
      issued.flatMap(({ order, decision }) =>
        decision.newSubject
          ? [{ deviceRef: order.deviceRef, pseudonym: order.pseudonym, ...order.request.identity }]
          : [],
      ),
    );
    const { conflicts: claimed } = await claimKeys(
      tx,
      issued.flatMap(({ order, decision }) =>
        decision.newKey ? [{ spkiSha256: order.spkiSha256, deviceRef: order.deviceRef }] : [],
      ),
    );
    if (taken + claimed > 0) throw new StoreError('STORE_CONFLICT', undefined);

    const spent = new Map<string, number>();
    for (const { decision } of issued)
      if (decision.spends !== undefined) spent.set(decision.spends, (spent.get(decision.spends) ?? 0) + 1);
    await spendWarrants(tx, spent);

    await insertCertificates(
      tx,
      issued.map(({ order, signed }) => ({
        listId: signed.seat.list.id,
        index: signed.seat.index,
        random: signed.random,
        deviceRef: order.deviceRef,
        credentialId: order.credentialId,
        der: signed.certificate,
      })),
    );
    await insertCredentials(
      tx,
      issued.map(({ order, decision, signed }): CredentialRecord => ({
        deviceRef: order.deviceRef,
        id: order.credentialId,
        generation: decision.generation,
        profile: order.request.profile,
        policy: order.request.terms.policy,
        spkiSha256: order.spkiSha256,
        listId: signed.seat.list.id,
        index: signed.seat.index,
        random: signed.random,
        parentId: decision.parentId ?? null,
        warrantId: order.request.evidence.kind === 'warrant' ? order.request.evidence.warrantId : null,
        notBefore: order.notBefore,
        notAfter: order.notAfter,
        renewAfter: order.renewAfter,
        revokeReplaced: order.request.terms.revokeReplaced ?? false,
        seenAt: null,
        withdrawnAt: null,
      })),
    );

    await this.storeConsequences(tx, orders, decisions, seats, now);
    if (issued.length > 0) await this.options.clock.recordIssued(tx, now);
    await countIssued(tx, orders, decisions, now);
    const entries = await seats.write(tx);
    if (entries.length > 0) await appendJournal(tx, entries);
  }

  /** First sightings of parents, withdrawn children, certificates revoked because they were replaced, and forks. */
  private async storeConsequences(
    tx: Transaction,
    orders: readonly CheckedOrder[],
    decisions: readonly Decision[],
    seats: SeatChanges,
    now: number,
  ): Promise<void> {
    const seen = decisions.flatMap((d) => (d.firstSeen ? [d.firstSeen] : []));
    await markSeen(tx, seen, now);
    const begun = orders.flatMap(({ deviceRef }, i) => {
      const decision = decisions[i];
      return decision?.kind === 'issue' && decision.firstOfGeneration ? [deviceRef] : [];
    });
    await touchSubjects(tx, [...seen.map((c) => c.deviceRef), ...begun]);
    for (const replaced of decisions.flatMap((d) => d.replaced ?? []))
      seats.revoke(replaced, now, reasonCodes.superseded);

    const withdrawn = decisions.flatMap((d) => (d.kind === 'issue' ? d.withdraw : []));
    await markWithdrawn(tx, withdrawn, now);
    for (const credential of withdrawn) seats.revoke(credential, now, reasonCodes.superseded);

    for (const decision of decisions) {
      if (decision.kind !== 'refuse' || !decision.suspend || !decision.subject) continue;
      const held = {
        ...decision.subject,
        state: 'held' as const,
        holds: [...new Set([...decision.subject.holds, forkCause])],
      };
      await saveSubject(tx, held);
      for (const credential of decision.credentials ?? [])
        if (credential.notAfter >= now) seats.hold(credential, held, credential.holds, now);
    }
  }

  private async outcomes(
    tx: Transaction,
    orders: readonly CheckedOrder[],
    decisions: readonly Decision[],
  ): Promise<IssueOutcome[]> {
    const returned = decisions.flatMap((d) => (d.kind === 'return' ? [d.credential] : []));
    const stored = new Map((await readCertificates(tx, returned)).map((c) => [`${c.listId}.${c.index}`, c.der]));
    return orders.map((order, i): IssuedCertificate | CaRefusal => {
      const decision = decisions[i];
      if (decision?.kind === 'return') {
        const c = decision.credential;
        const certificate = stored.get(`${c.listId}.${c.index}`);
        if (!certificate) return asRefusal(new CaError('INTERNAL'));
        return {
          ok: true,
          certificate,
          serialNumber: encodeSerialNumber(c),
          deviceRef: c.deviceRef,
          credentialId: c.id,
          generation: c.generation,
          notBefore: c.notBefore,
          notAfter: c.notAfter,
          ...(c.renewAfter !== null && { renewAfter: c.renewAfter }),
          repeated: true,
        };
      }
      if (decision?.kind === 'issue' && order.signed)
        return {
          ok: true,
          certificate: order.signed.certificate,
          serialNumber: order.signed.serialNumber,
          deviceRef: order.deviceRef,
          credentialId: order.credentialId,
          generation: decision.generation,
          notBefore: order.notBefore,
          notAfter: order.notAfter,
          ...(order.renewAfter !== null && { renewAfter: order.renewAfter }),
          repeated: false,
        };
      return asRefusal(new CaError(decision?.kind === 'refuse' ? decision.code : 'INTERNAL'));
    });
  }
}

/**
 * A device that was not there when subjects were locked may have come with the transaction whose warrant we then waited for: what
 * looks like a spent warrant is then the device's own certificate (rule 3). Throws STORE_CONFLICT: decide anew.
 */
async function checkSpent(
  tx: Transaction,
  orders: readonly CheckedOrder[],
  facts: Facts,
  decisions: readonly Decision[],
): Promise<void> {
  const doubtful = orders.filter(({ deviceRef }, i) => {
    const decision = decisions[i];
    return decision?.kind === 'refuse' && decision.code === 'WARRANT_SPENT' && !facts.subjects.has(deviceRef);
  });
  if (doubtful.length === 0) return;
  const deviceRefs = doubtful.map(({ deviceRef }) => deviceRef);
  if (await anySubjectExists(tx, deviceRefs)) throw new StoreError('STORE_CONFLICT', undefined);
}
