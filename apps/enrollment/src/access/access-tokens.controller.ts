import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { OnListener, Principal, Roles, ROLES, SecretFields } from '@touchmark/server';
import { z } from 'zod';
import { NoMembers } from '../devices/status-schemas.js';
import { limit, Name, pageOf, UtcSeconds, Uuid } from '../registry/schemas.js';
import { AccessTokenRegistry, factoryIsAlone } from './access-tokens.js';

const RoleNames = z.array(z.enum(ROLES)).min(1).max(ROLES.length);

const NewAccessToken = z
  .strictObject({
    sub: Name.describe('The person or machine that it is made for'),
    roles: RoleNames,
    factory: Name.optional().describe('With the role factory, and only with it'),
    validUntil: UtcSeconds,
  })
  .refine(({ roles, factory }) => roles.includes('factory') === (factory !== undefined), {
    path: ['factory'],
    message: 'the role factory and a factory go together',
  })
  .refine(({ roles }) => factoryIsAlone(roles), {
    path: ['roles'],
    message: 'the role factory goes with no other: the rest would open every factory’s batches to it',
  })
  .meta({ id: 'NewAccessToken' });

const MadeAccessToken = z
  .strictObject({
    jti: z.uuid(),
    token: z.string().describe('The bearer token: shown once, also not to a repeated request'),
  })
  .meta({ id: 'MadeAccessToken' });

const AccessToken = z
  .strictObject({
    jti: z.uuid(),
    sub: z.string(),
    roles: z.array(z.string()),
    factory: z.string().nullable(),
    validUntil: UtcSeconds,
    revoked: z.boolean(),
    createdBy: z.string(),
    createdAt: UtcSeconds,
  })
  .meta({ id: 'AccessToken' });

const ListTokens = z.strictObject({ before: Uuid.optional(), limit });

@ApiTags('access')
@Controller('v1/access-tokens')
@OnListener('admin')
@Roles('admin')
export class AccessTokensController {
  constructor(private readonly tokens: AccessTokenRegistry) {}

  @Post()
  @SecretFields('token')
  @ApiOperation({ summary: 'Make an access token' })
  @ApiCreatedResponse({ standardSchema: MadeAccessToken })
  create(
    @Body({ schema: NewAccessToken }) wanted: z.infer<typeof NewAccessToken>,
    @Principal() caller: Principal,
  ): Promise<z.infer<typeof MadeAccessToken>> {
    return this.tokens.mint(wanted, caller.sub);
  }

  @Get()
  @Roles('admin', 'auditor')
  @ApiOperation({ summary: 'List access tokens, newest first' })
  @ApiOkResponse({ standardSchema: pageOf(AccessToken) })
  async list(@Query({ schema: ListTokens }) { before, limit: size }: z.infer<typeof ListTokens>) {
    const { items, ...page } = await this.tokens.list(before, size);
    return { items: items.map(({ factoryId: _id, exp, ...token }) => ({ ...token, validUntil: exp })), ...page };
  }

  @Post(':jti/revocation')
  @HttpCode(204)
  @ApiOperation({ summary: 'Revoke an access token; the next request with it is refused' })
  @ApiNoContentResponse()
  revoke(
    @Param('jti', { schema: Uuid }) jti: string,
    @Body({ schema: NoMembers }) _nothing: z.infer<typeof NoMembers>,
  ): Promise<void> {
    return this.tokens.revoke(jti);
  }
}
