import type { Duplex } from 'node:stream';
import type { Device, Policy, Question, Route } from '../policy/policy.js';

interface Exchange {
  readonly connection: Pick<Duplex, 'destroy'>;
  readonly question: Question;
  readonly device: Device;
  readonly route: Route;
}

/**
 * Requests under way: answers that stream, WebSockets. They were allowed when they began; this ends those that would not be any
 * more for another reason than their certificate, which the verifier watches.
 */
export class Exchanges {
  private readonly open = new Set<Exchange>();

  get size(): number {
    return this.open.size;
  }

  /** Returns how to say that it is over. */
  add(exchange: Exchange): () => void {
    this.open.add(exchange);
    return () => void this.open.delete(exchange);
  }

  /** Knowledge is stale: ends those whose route does not allow that. Answers how many. */
  endStale(whenStale: (route: Route) => 'deny' | 'allow'): number {
    return this.end(({ route }) => whenStale(route) === 'deny');
  }

  /** The policy is another one: ends those that it does not allow. Answers how many. */
  endForbidden(policy: Policy): number {
    return this.end(({ question, device }) => !policy.decide(question, device).ok);
  }

  private end(isOver: (exchange: Exchange) => boolean): number {
    const over = [...this.open].filter(isOver);
    for (const exchange of over) {
      this.open.delete(exchange);
      exchange.connection.destroy();
    }
    return over.length;
  }
}
