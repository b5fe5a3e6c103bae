import type { CaCaller } from '@touchmark/ca-port';
import { type Lease, OctetBudget } from './octet-budget.js';
import { CaGrpcError } from './error.js';

/** What one caller may take of this process, over all of its connections, processes and certificates. */
export interface CallerLimits {
  readonly connections: number;
  /** Open at a time; one connection may have all of them. */
  readonly calls: number;
  readonly messageOctets: number;
  /** Of messages that are being received or answered. */
  readonly octets: number;
}

const MIB = 2 ** 20;

/** 512 requests of 16 KiB fit into a message of enrollment's, with room to spare; the responder asks for a few certificates a week. */
export const callerLimits: Readonly<Record<CaCaller, CallerLimits>> = {
  enrollment: { connections: 64, calls: 1_024, messageOctets: 16 * MIB, octets: 256 * MIB },
  responder: { connections: 16, calls: 16, messageOctets: MIB, octets: 8 * MIB },
};

/** Counts what a caller has taken. Each has a share of its own, so that none can take what another needs. */
export class CallerShare {
  readonly limits: CallerLimits;
  private readonly budget: OctetBudget;
  private connections = 0;
  private calls = 0;

  constructor(limits: CallerLimits) {
    this.limits = limits;
    this.budget = new OctetBudget(limits.octets);
  }

  /** Returns how to leave, to be called once. Throws CaGrpcError CALLER_OVER_LIMIT. */
  connect(): () => void {
    if (this.connections >= this.limits.connections) throw new CaGrpcError('CALLER_OVER_LIMIT', 'CONNECTIONS');
    this.connections += 1;
    return () => {
      this.connections -= 1;
    };
  }

  /** Takes a place among the calls, and room for the largest message once there is. Throws CaGrpcError CALLER_OVER_LIMIT. */
  call(): Lease {
    if (this.calls >= this.limits.calls) throw new CaGrpcError('CALLER_OVER_LIMIT', 'CALLS');
    this.calls += 1;
    const lease = this.budget.lease(this.limits.messageOctets);
    let open = true;
    return {
      granted: lease.granted,
      shrinkTo: (octets) => lease.shrinkTo(octets),
      release: () => {
        if (!open) return;
        open = false;
        this.calls -= 1;
        lease.release();
      },
    };
  }
}
