import { z } from 'zod';
import { defaultCaSettings } from './ca.js';

/** What an operator may set of the CA, for the configuration schema of whoever runs it. */
export const caSettings = z.strictObject({
  hourlyQuota: z
    .int()
    .min(1)
    .default(defaultCaSettings.hourlyQuota)
    .describe('certificates for one model in one clock hour'),
  totalHourlyQuota: z
    .int()
    .min(1)
    .default(defaultCaSettings.totalHourlyQuota)
    .describe('certificates for all models in one clock hour'),
  crlLifetime: z
    .int()
    .min(600)
    .default(defaultCaSettings.crlLifetime)
    .describe('seconds from thisUpdate to nextUpdate of a CRL'),
  crlRefreshAfter: z
    .int()
    .min(60)
    .default(defaultCaSettings.crlRefreshAfter)
    .describe('seconds after which an unchanged CRL is made anew'),
  blockSize: z.int().min(1).max(65_536).default(defaultCaSettings.blockSize).describe('seats leased at a time'),
  maxBatch: z.int().min(1).max(1000).default(defaultCaSettings.maxBatch).describe('certificates that share one commit'),
  maxClockSkew: z
    .int()
    .min(1)
    .default(defaultCaSettings.maxClockSkew)
    .describe("seconds between our clock and the database's"),
  statusHeadEvery: z
    .int()
    .min(1)
    .max(60)
    .default(defaultCaSettings.statusHeadEvery)
    .describe(
      'seconds between signed heads of a journal that does not grow; gateways know the age of their status by them',
    ),
  statusSnapshotEvery: z
    .int()
    .min(10)
    .default(defaultCaSettings.statusSnapshotEvery)
    .describe('seconds between status snapshots of a journal that does not grow'),
  statusSnapshotAfter: z
    .int()
    .min(0)
    .default(defaultCaSettings.statusSnapshotAfter)
    .describe(
      'seconds between status snapshots of one that does, at least; 30 times what making one takes, where that is more',
    ),
  statusBatchesKept: z
    .int()
    .min(600)
    .default(defaultCaSettings.statusBatchesKept)
    .describe('seconds that signed journal batches are kept at least, for gateways that were away'),
  statusTokenTtl: z
    .int()
    .min(1)
    .default(defaultCaSettings.statusTokenTtl)
    .describe('seconds that a relying party may go without asking for a newer Status List Token'),
});
