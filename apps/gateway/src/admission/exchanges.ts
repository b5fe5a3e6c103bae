import type { Duplex } from 'node:stream';
import { formatSpiffeId } from '@touchmark/verifier';
import type { Device, Question } from '../policy/policy.js';

export interface Exchange {
  readonly connection: Pick<Duplex, 'destroy'>;
  readonly question: Question;
  readonly device: Device;
}

/** Why an exchange that was allowed is not any more. */
export type EndedBecause = 'STATUS_STALE' | 'POLICY_CHANGED';

export interface ExchangesOptions {
  /** How many one device may have, so that it cannot take all places at the upstream. */
  readonly perDevice: number;
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
  /** By SPIFFE ID. */
  private readonly shares = new Map<string, number>();

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

  /**
   * Ends it at once where things have changed since it was decided. Returns how to say that it is over; undefined where the device has
   * all that it may have.
   */
  add(exchange: Exchange): (() => void) | undefined {
    const device = formatSpiffeId({ kind: 'device', ...exchange.device });
    const share = this.shares.get(device) ?? 0;
    if (share >= this.options.perDevice) return undefined;
    this.shares.set(device, share + 1);
    this.open.add(exchange);
    this.check(exchange);
    let over = false;
    return () => {
      if (over) return;
      over = true;
      this.open.delete(exchange);
      this.giveBack(device);
    };
  }

  /** The policy is another one, or knowledge has become stale: looks at all of them again. Answers how many it ended. */
  recheck(): number {
    const before = this.open.size;
    for (const exchange of this.open) this.check(exchange);
    return before - this.open.size;
  }

  private giveBack(device: string): void {
    const left = (this.shares.get(device) ?? 0) - 1;
    if (left > 0) this.shares.set(device, left);
    else this.shares.delete(device);
  }

  private check(exchange: Exchange): void {
    const because = this.options.whyNot(exchange);
    if (because === undefined) return;
    this.open.delete(exchange);
    exchange.connection.destroy();
    this.options.onEnded(because);
  }
}
