import { addToQuotas, type ModelQuota, readQuotas, type Transaction } from '@touchmark/store';
import type { Decision } from './decide.js';
import type { HourlyBudget } from './hourly-budget.js';
import type { CheckedOrder } from './order.js';

const HOUR = 3600;

/**
 * Hourly quotas, per model and for all: they bound what a compromised enrollment process can have issued before somebody notices.
 * What no longer fits is refused; certificates that are only returned cost nothing. Counters are read here and written by
 * `countIssued` at the end, so that batches of one model do not wait for each other; those open at the same time may together
 * exceed the quota by less than their own size.
 */
export async function holdQuotas(
  tx: Transaction,
  orders: readonly CheckedOrder[],
  decisions: readonly Decision[],
  now: number,
  quota: number,
  total: HourlyBudget,
): Promise<Decision[]> {
  const wanted = countsOf(orders, decisions, now);
  const issued = new Map((await readQuotas(tx, wanted)).map((q) => [nameOf(q), q.issued]));
  return decisions.map((decision, i): Decision => {
    const order = orders[i];
    if (decision.kind !== 'issue' || !order) return decision;
    const name = nameOf(order.request.identity);
    const before = issued.get(name) ?? 0;
    if (before >= quota || !total.take(now)) return { kind: 'refuse', code: 'QUOTA_EXCEEDED', suspend: false };
    issued.set(name, before + 1);
    return decision;
  });
}

/** Adds what a batch issues to the counters of its models. */
export async function countIssued(
  tx: Transaction,
  orders: readonly CheckedOrder[],
  decisions: readonly Decision[],
  now: number,
): Promise<void> {
  await addToQuotas(tx, countsOf(orders, decisions, now));
}

function countsOf(orders: readonly CheckedOrder[], decisions: readonly Decision[], now: number): ModelQuota[] {
  const counts = new Map<string, ModelQuota>();
  for (const [i, order] of orders.entries()) {
    if (decisions[i]?.kind !== 'issue') continue;
    const { realm, model } = order.request.identity;
    const issued = (counts.get(nameOf({ realm, model }))?.issued ?? 0) + 1;
    counts.set(nameOf({ realm, model }), { realm, model, hour: Math.floor(now / HOUR), issued });
  }
  return [...counts.values()];
}

const nameOf = ({ realm, model }: { realm: string; model: string }): string => `${realm}/${model}`;
