import { z } from 'zod';

/** What an operator may set of the responder, for the app's configuration schema. Times are seconds. */
export const responderSettings = z.strictObject({
  allowedLag: z
    .int()
    .min(1)
    .max(300)
    .default(10)
    .describe('OCSP answers tryLater once the journal head was last read longer ago than this'),
  ocspValidity: z
    .int()
    .min(60)
    .max(604_800)
    .default(3_600)
    .describe('nextUpdate of an OCSP response, counted from its thisUpdate'),
  ocspMaxAge: z.int().min(0).max(86_400).default(300).describe('how long HTTP caches may keep an OCSP response'),
  ocspRefresh: z.int().min(1).max(86_400).default(300).describe('age at which a signed OCSP response is made anew'),
  ocspCacheSize: z.int().min(0).default(50_000).describe('signed OCSP responses kept in memory, about 1.5 KiB each'),
  issuedListsInMemory: z
    .int()
    .min(1)
    .default(16)
    .describe('status lists whose issued serial numbers are kept in memory, at most 8 MiB each'),
  crlMaxAge: z.int().min(0).max(86_400).default(300).describe('how long HTTP caches may keep a CRL'),
  statusMaxAge: z
    .int()
    .min(0)
    .max(86_400)
    .default(60)
    .describe('how long HTTP caches may keep a status token, snapshot or the signers'),
  feedStreams: z.int().min(1).max(3_500).default(2_000).describe('gateways that may follow the status feed at a time'),
  feedStreamsPerGateway: z.int().min(1).default(4).describe('the same of one gateway, with all of its certificates'),
  feedConnectsPerMinute: z
    .int()
    .min(1)
    .default(120)
    .describe('requests to the status feed that one gateway may make in a minute'),
});

export type ResponderSettings = z.infer<typeof responderSettings>;
