import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { OnListener, Roles } from '@touchmark/server';
import { z } from 'zod';
import { Factories } from './factories.js';
import { limit, Name, pageOf, UtcSeconds } from './schemas.js';

const NewFactory = z.strictObject({ name: Name }).meta({ id: 'NewFactory' });
const Factory = z.strictObject({ id: z.uuid(), name: Name, createdAt: UtcSeconds }).meta({ id: 'Factory' });
const ListFactories = z.strictObject({ after: Name.optional(), limit });

@ApiTags('registry')
@Controller('v1/factories')
@OnListener('admin')
@Roles('admin', 'security-admin', 'auditor')
export class FactoriesController {
  constructor(private readonly factories: Factories) {}

  @Post()
  @Roles('admin')
  @ApiOperation({ summary: 'Make a factory' })
  @ApiCreatedResponse({ standardSchema: Factory })
  create(@Body({ schema: NewFactory }) { name }: z.infer<typeof NewFactory>): Promise<z.infer<typeof Factory>> {
    return this.factories.create(name);
  }

  @Get()
  @ApiOperation({ summary: 'List factories by name' })
  @ApiOkResponse({ standardSchema: pageOf(Factory) })
  list(@Query({ schema: ListFactories }) { after, limit: size }: z.infer<typeof ListFactories>) {
    return this.factories.list(after, size);
  }

  @Get(':name')
  @ApiOperation({ summary: 'Read a factory' })
  @ApiOkResponse({ standardSchema: Factory })
  get(@Param('name', { schema: Name }) name: string): Promise<z.infer<typeof Factory>> {
    return this.factories.get(name);
  }
}
