import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { OnListener, Roles } from '@touchmark/server';
import { z } from 'zod';
import { Models } from './models.js';
import { limit, ModelName, Name, pageOf, UtcSeconds } from './schemas.js';

const HwType = z
  .string()
  .max(128)
  .regex(/^[0-2](\.(0|[1-9][0-9]*))+$/, 'not a dotted object identifier')
  .describe('hwType of RFC 4108 section 5; default 2.25.<UUID of the model>');

const NewModel = z
  .strictObject({
    name: ModelName,
    organization: z
      .string()
      .min(1)
      .max(64)
      .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'no control characters')
      .describe('organizationName in IDevIDs'),
    hwType: HwType.optional(),
    policies: z.array(Name).max(64).default([]).describe('Enrollment policies that its devices may use'),
  })
  .meta({ id: 'NewModel' });

const Model = z
  .strictObject({
    id: z.uuid(),
    realm: z.string(),
    name: ModelName,
    hwType: HwType,
    organization: z.string(),
    createdAt: UtcSeconds,
  })
  .meta({ id: 'Model' });

const ListModels = z.strictObject({ after: ModelName.optional(), limit });

@ApiTags('registry')
@Controller('v1/models')
@OnListener('admin')
@Roles('admin', 'security-admin', 'auditor')
export class ModelsController {
  constructor(private readonly models: Models) {}

  @Post()
  @Roles('admin')
  @ApiOperation({ summary: 'Make a kind of device' })
  @ApiCreatedResponse({ standardSchema: Model })
  create(@Body({ schema: NewModel }) model: z.infer<typeof NewModel>): Promise<z.infer<typeof Model>> {
    return this.models.create(model);
  }

  @Get()
  @ApiOperation({ summary: 'List models by name' })
  @ApiOkResponse({ standardSchema: pageOf(Model) })
  list(@Query({ schema: ListModels }) { after, limit: size }: z.infer<typeof ListModels>) {
    return this.models.list(after, size);
  }

  @Get(':name')
  @ApiOperation({ summary: 'Read a model' })
  @ApiOkResponse({ standardSchema: Model })
  get(@Param('name', { schema: ModelName }) name: string): Promise<z.infer<typeof Model>> {
    return this.models.get(name);
  }
}
