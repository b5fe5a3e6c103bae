import type { Duplex } from 'node:stream';
import type { Device, Question } from '../policy/policy.js';

export interface Exchange {
  readonly connection: Pick<Duplex, 'destroy'>;
  readonly question: Question;
  readonly device: Device;
}

/** Why an exchange that was allowed is not any more. */
export type EndedBecause = 'STATUS_STALE' | 'POLICY_CHANGED';

export interface ExchangesOptions {
  /** By what holds at this moment; undefined if it may go on. */
  readonly whyNot: (exchange: Pick<Exchange, 'question' | 'device'>) => EndedBecause | undefined;
  readonly onEnded: (because: EndedBecause) => void;
}

/**
 * Requests under way: answers that stream, WebSockets. They were allowed when they began; this ends those that would not be any
 * more for another reason than their certificate, which the verifier watches.
 */
export class Exchanges {
  private readonly options: ExchangesOptions;
  private readonly open = new Set<Exchange>();

  constructor(options: ExchangesOptions) {
    this.options = options;
  }

  get size(): number {
    return this.open.size;
  }

  /** Those that carry an exchange. */
  connections(): ReadonlySet<Exchange['connection']> {
    return new Set([...this.open].map(({ connection }) => connection));
  }

  /** Ends it at once where things have changed since it was decided. Returns how to say that it is over. */
  add(exchange: Exchange): () => void {
    this.open.add(exchange);
    this.check(exchange);
    return () => void this.open.delete(exchange);
  }

  /** The policy is another one, or knowledge has become stale: looks at all of them again. Answers how many it ended. */
  recheck(): number {
    const before = this.open.size;
    for (const exchange of this.open) this.check(exchange);
    return before - this.open.size;
  }

  private check(exchange: Exchange): void {
    const because = this.options.whyNot(exchange);
    if (because === undefined) return;
    this.open.delete(exchange);
    exchange.connection.destroy();
    this.options.onEnded(because);
  }
}
