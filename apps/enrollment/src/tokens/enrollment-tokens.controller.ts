import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { OnListener, Principal, Roles, SecretFields } from '@touchmark/server';
import type { EnrollmentTokenView } from '@touchmark/store';
import { z } from 'zod';
import { NoMembers } from '../devices/status-schemas.js';
import { DeviceSerial, limit, ModelName, Name, pageOf, UtcSeconds, Uuid } from '../registry/schemas.js';
import { EnrollmentTokens } from './enrollment-tokens.js';

const NewEnrollmentToken = z
  .strictObject({ policy: Name, model: ModelName, deviceSerial: DeviceSerial, validUntil: UtcSeconds })
  .meta({ id: 'NewEnrollmentToken' });

const EnrollmentToken = z
  .strictObject({
    id: z.uuid(),
    policy: z.string(),
    model: z.string(),
    deviceSerial: z.string(),
    deviceRef: z.uuid(),
    validUntil: UtcSeconds,
    revoked: z.boolean(),
    used: z.boolean().describe('A certificate was issued on it; until that one is seen, the device may still fetch it'),
    createdBy: z.string(),
    createdAt: UtcSeconds,
  })
  .meta({ id: 'EnrollmentToken' });

const MadeEnrollmentToken = z
  .strictObject({
    ...EnrollmentToken.shape,
    secret: z.string().describe('The password for HTTP Basic at EST: shown once, also not to a repeated request'),
  })
  .meta({ id: 'MadeEnrollmentToken' });

const ListTokens = z.strictObject({ deviceRef: Uuid.optional(), before: Uuid.optional(), limit });

@ApiTags('tokens')
@Controller('v1/enrollment-tokens')
@OnListener('admin')
@Roles('admin', 'security-admin', 'auditor')
export class EnrollmentTokensController {
  constructor(private readonly tokens: EnrollmentTokens) {}

  @Post()
  @Roles('admin')
  @SecretFields('secret')
  @ApiOperation({ summary: 'Make a one-time token with which one device may enrol' })
  @ApiCreatedResponse({ standardSchema: MadeEnrollmentToken })
  async create(
    @Body({ schema: NewEnrollmentToken }) wanted: z.infer<typeof NewEnrollmentToken>,
    @Principal() caller: Principal,
  ): Promise<z.infer<typeof MadeEnrollmentToken>> {
    const { token, secret } = await this.tokens.create(wanted, caller.sub);
    return { ...shown(token), secret };
  }

  @Get()
  @ApiOperation({ summary: 'List enrollment tokens, newest first' })
  @ApiOkResponse({ standardSchema: pageOf(EnrollmentToken) })
  async list(@Query({ schema: ListTokens }) { deviceRef, before, limit: size }: z.infer<typeof ListTokens>) {
    const { items, ...page } = await this.tokens.list(deviceRef, before, size);
    return { items: items.map(shown), ...page };
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read an enrollment token, without its secret' })
  @ApiOkResponse({ standardSchema: EnrollmentToken })
  async get(@Param('id', { schema: Uuid }) id: string): Promise<z.infer<typeof EnrollmentToken>> {
    return shown(await this.tokens.get(id));
  }

  @Post(':id/revocation')
  @Roles('admin', 'security-admin')
  @HttpCode(200)
  @ApiOperation({ summary: 'Revoke an enrollment token; what was issued on it stays' })
  @ApiOkResponse({ standardSchema: EnrollmentToken })
  async revoke(
    @Param('id', { schema: Uuid }) id: string,
    @Body({ schema: NoMembers }) _nothing: z.infer<typeof NoMembers>,
  ): Promise<z.infer<typeof EnrollmentToken>> {
    return shown(await this.tokens.revoke(id));
  }
}

function shown({
  policyId: _policyId,
  modelId: _modelId,
  warrantId: _warrantId,
  realm: _realm,
  ...token
}: EnrollmentTokenView): z.infer<typeof EnrollmentToken> {
  return token;
}
