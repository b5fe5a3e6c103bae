import { Body, Controller, Delete, Get, Param, Post, Put, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { isEstLabel } from '@touchmark/est';
import { OnListener, Roles } from '@touchmark/server';
import { z } from 'zod';
import { EnrollmentPolicies } from './enrollment-policies.js';
import { limit, ModelName, Name, pageOf, UtcSeconds } from './schemas.js';

const HOUR = 3600;
const DAY = 24 * HOUR;

/** What csrattrs asks devices for; other accepted keys are not refused for it. */
export const keyAlgorithms = ['EC P-256', 'EC P-384', 'Ed25519', 'RSA 2048', 'RSA 3072'] as const;

const Terms = z.strictObject({
  name: Name,
  label: z
    .string()
    .refine(isEstLabel, 'an EST label is 1 to 128 of [A-Za-z0-9._~-] and no operation of EST')
    .nullable()
    .default(null)
    .describe('EST label (RFC 7030 section 3.2.2); null: EST paths without one. At most one policy is without'),
  bootstrap: z
    .array(z.enum(['token', 'idevid']))
    .min(1)
    .max(2)
    .default(['token', 'idevid'])
    .describe('How a device may prove itself the first time'),
  lifetime: z
    .int()
    .min(HOUR)
    .max(398 * DAY)
    .default(30 * DAY)
    .describe('Seconds that an LDevID lives'),
  suspendOnFork: z.boolean().default(false).describe('A lineage fork suspends the device as well as being refused'),
  revokeReplaced: z
    .boolean()
    .default(false)
    .describe('A replaced certificate is revoked once its successor was seen; it makes CRLs and snapshots grow'),
  pseudonymous: z.boolean().default(false).describe('LDevIDs name an opaque device id instead of the deviceSerial'),
  keyAlgorithm: z.enum(keyAlgorithms).default('EC P-256').describe('What csrattrs asks for'),
  models: z.array(ModelName).max(256).default([]).describe('Models whose devices may use it'),
});

const NewEnrollmentPolicy = Terms.meta({ id: 'NewEnrollmentPolicy' });
const EnrollmentPolicy = z
  .strictObject({ ...Terms.shape, id: z.uuid(), keyAlgorithm: z.string(), createdAt: UtcSeconds })
  .meta({ id: 'EnrollmentPolicy' });

const ListPolicies = z.strictObject({ after: Name.optional(), limit });

@ApiTags('registry')
@Controller('v1/enrollment-policies')
@OnListener('admin')
@Roles('admin', 'security-admin', 'auditor')
export class EnrollmentPoliciesController {
  constructor(private readonly policies: EnrollmentPolicies) {}

  @Post()
  @Roles('admin')
  @ApiOperation({ summary: 'Make an enrollment policy' })
  @ApiCreatedResponse({ standardSchema: EnrollmentPolicy })
  create(@Body({ schema: NewEnrollmentPolicy }) policy: z.infer<typeof NewEnrollmentPolicy>) {
    return this.policies.create(policy);
  }

  @Get()
  @ApiOperation({ summary: 'List enrollment policies by name' })
  @ApiOkResponse({ standardSchema: pageOf(EnrollmentPolicy) })
  list(@Query({ schema: ListPolicies }) { after, limit: size }: z.infer<typeof ListPolicies>) {
    return this.policies.list(after, size);
  }

  @Get(':name')
  @ApiOperation({ summary: 'Read an enrollment policy' })
  @ApiOkResponse({ standardSchema: EnrollmentPolicy })
  get(@Param('name', { schema: Name }) name: string) {
    return this.policies.get(name);
  }

  @Put(':name/models/:model')
  @Roles('admin')
  @ApiOperation({ summary: 'Let devices of a model use the policy' })
  @ApiOkResponse({ standardSchema: EnrollmentPolicy })
  allow(@Param('name', { schema: Name }) name: string, @Param('model', { schema: ModelName }) model: string) {
    return this.policies.setModel(name, model, true);
  }

  @Delete(':name/models/:model')
  @Roles('admin')
  @ApiOperation({ summary: 'Let devices of a model use the policy no longer' })
  @ApiOkResponse({ standardSchema: EnrollmentPolicy })
  disallow(@Param('name', { schema: Name }) name: string, @Param('model', { schema: ModelName }) model: string) {
    return this.policies.setModel(name, model, false);
  }
}
