import { lockQuotas, type ModelQuota, spendQuotas, type Transaction } from '@touchmark/store';
import type { Decision } from './decide.js';
import type { HourlyBudget } from './hourly-budget.js';
import type { CheckedOrder } from './order.js';

const HOUR = 3600;

const nameOf = ({ request: { identity } }: CheckedOrder): string => `${identity.realm}/${identity.model}`;

/**
 * Hourly quotas, per model and for all: they bound what a compromised enrollment process can have issued before somebody notices. What no longer
 * fits is refused; certificates that are only returned cost nothing.
 */
export async function holdQuotas(
  tx: Transaction,
  orders: readonly CheckedOrder[],
  decisions: readonly Decision[],
  now: number,
  quota: number,
  total: HourlyBudget,
): Promise<Decision[]> {
  const models = new Map<string, Omit<ModelQuota, 'issued'>>();
  for (const [i, order] of orders.entries())
    if (decisions[i]?.kind === 'issue') {
      const { realm, model } = order.request.identity;
      models.set(nameOf(order), { realm, model, hour: Math.floor(now / HOUR) });
    }
  const locked = await lockQuotas(tx, [...models.values()]);
  const issued = new Map(locked.map((q) => [`${q.realm}/${q.model}`, q.issued]));
  const held = decisions.map((decision, i): Decision => {
    const order = orders[i];
    if (decision.kind !== 'issue' || !order) return decision;
    const before = issued.get(nameOf(order)) ?? 0;
    if (before >= quota || !total.take(now)) return { kind: 'refuse', code: 'QUOTA_EXCEEDED', suspend: false };
    issued.set(nameOf(order), before + 1);
    return decision;
  });
  await spendQuotas(
    tx,
    locked.map((q) => ({ ...q, issued: issued.get(`${q.realm}/${q.model}`) ?? q.issued })),
  );
  return held;
}
