import { readFileSync } from 'node:fs';

import { z } from 'zod';

const peerName = z.object({ kind: z.string(), value: z.string() });

// What is read of a case. Features, kinds of names and other words that later versions of the suite may bring are taken as they
// are: a case that needs one which we do not know is answered as unsupported.
const caseSchema = z.object({
  id: z.string(),
  features: z.array(z.string()).default([]),
  validation_kind: z.enum(['CLIENT', 'SERVER']),
  trusted_certs: z.array(z.string()),
  untrusted_intermediates: z.array(z.string()),
  peer_certificate: z.string(),
  validation_time: z.string().nullish(),
  signature_algorithms: z.array(z.string()),
  key_usage: z.array(z.string()),
  extended_key_usage: z.array(z.string()),
  expected_result: z.enum(['SUCCESS', 'FAILURE']),
  expected_peer_name: peerName.nullish(),
  expected_peer_names: z.array(peerName),
  max_chain_depth: z.number().int().nullish(),
  crls: z.array(z.string()).default([]),
});

const fileSchema = z.object({ version: z.literal(1), testcases: z.array(caseSchema) });

/** A case of x509-limbo as it stands in the file. */
export type LimboCase = z.infer<typeof caseSchema>;
export type LimboPeerName = z.infer<typeof peerName>;

/** Reads a file in x509-limbo's format, version 1. Throws what zod finds wrong with it. */
export function readLimboFile(file: string): readonly LimboCase[] {
  return fileSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).testcases;
}
