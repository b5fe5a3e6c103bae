import { z } from 'zod';

import { IssuanceError } from './issuance-error.js';

const DAY = 86_400;

/** Subject attributes that a profile may fill, in the order in which it lists them, each from one certificate field. */
const subjectAttributeSchema = z
  .strictObject({
    type: z.enum(['commonName', 'organizationName', 'organizationalUnitName', 'serialNumber']),
    from: z.enum(['organization', 'model', 'deviceSerial', 'name', 'firstName']),
  })
  .readonly();

/**
 * What goes into subjectAltName: `hardwareModuleName` (RFC 4108 section 5), a SPIFFE URI below the realm, or the DNS names
 * and IP addresses that an admin asked for.
 */
const subjectAltNameSchema = z.enum([
  'hardwareModuleName',
  'deviceUri',
  'gatewayUri',
  'serviceUri',
  'statusUri',
  'serverNames',
]);

const validitySchema = z
  .discriminatedUnion('kind', [
    // RFC 5280 4.1.2.5: 99991231235959Z, "no well-defined expiration date".
    z.strictObject({ kind: z.literal('never') }),
    // `standard` unless the enrollment policy says otherwise, never more than `longest`; seconds.
    z
      .strictObject({
        kind: z.literal('lifetime'),
        standard: z.int().min(60),
        longest: z
          .int()
          .min(60)
          .max(398 * DAY),
      })
      .refine((validity) => validity.standard <= validity.longest, 'standard exceeds longest'),
  ])
  .readonly();

/** A certificate profile as data: everything that is the same for all certificates made under it. */
const profileSchema = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9-]{1,63}$/),
    /** Kinds of issuing CA that may use it. */
    issuers: z
      .array(z.enum(['idevid', 'ldevid', 'infrastructure']))
      .min(1)
      .readonly(),
    subject: z.array(subjectAttributeSchema).min(1).readonly(),
    subjectAltName: eachOnce(subjectAltNameSchema),
    extKeyUsage: eachOnce(z.enum(['clientAuth', 'serverAuth', 'OCSPSigning'])),
    /** id-pkix-ocsp-nocheck (RFC 6960 section 4.2.2.2.1). */
    ocspNocheck: z.boolean(),
    /** `all`: cRLDistributionPoints and authorityInfoAccess with ocsp and caIssuers; `caIssuers`: that alone. */
    publicationPoints: z.enum(['all', 'caIssuers']),
    validity: validitySchema,
    /** Seconds by which notBefore lies before the time of issuing, for devices whose clock is behind. */
    backdate: z
      .int()
      .min(0)
      .max(2 * DAY),
    keys: z
      .array(z.enum(['P-256', 'P-384', 'Ed25519', 'RSA']))
      .min(1)
      .readonly(),
  })
  .readonly();

function eachOnce<T extends z.ZodType>(entry: T): z.ZodReadonly<z.ZodArray<T>> {
  return z
    .array(entry)
    .refine((entries) => new Set(entries).size === entries.length, 'an entry stands here twice')
    .readonly();
}

export type Profile = z.infer<typeof profileSchema>;
export type IssuingCaKind = Profile['issuers'][number];
export type KeyAlgorithmName = Profile['keys'][number];

/** Reads profile data into a frozen profile; throws IssuanceError PROFILE_INVALID with a line per fault. */
export function parseProfile(data: unknown): Profile {
  const result = profileSchema.safeParse(data);
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new IssuanceError('PROFILE_INVALID', { issues }, { cause: result.error });
}
